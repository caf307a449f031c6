"""What a card says about the data, the body and the licence of a prior."""

from __future__ import annotations

from typing import Any

from motionfit.body.model import BodyModel
from motionfit.datasets.prepared import PreparedDataset

_ACKNOWLEDGED = {
    "CMU": "The data used in this project was obtained from mocap.cs.cmu.edu. "
    "The database was created with funding from NSF EIA-0196217.",
    "HDM05": "The data used in this project was obtained from HDM05 (M. Müller, T. Röder, M. Clausen, B. Eberhardt, "
    "B. Krüger, A. Weber: Documentation Mocap Database HDM05, Tech. report CG-2007-2, Universität Bonn, 2007), "
    "CC BY-SA 3.0.",
    "DeepMimic": "Motion clips of DeepMimic, MIT licence, (c) 2018 Xue Bin Peng.",
    "MASS": "Motion clips of MASS, Apache-2.0, Seoul National University Movement Research Lab.",
}
"""What those who publish motion ask for, by the beginning of the name of their data sets."""


def card_of(dataset: PreparedDataset, body: BodyModel) -> dict[str, Any]:
    """The dataset with its hash and summary, the body, licences of the training data, and acknowledgements."""
    summary = dataset.summary()
    learned = summary.get("train", {})
    sources = [source.casefold() for source in learned.get("sources", {})]
    return {
        "data": {"sha256": dataset.hash, **summary},
        "body": {"kind": body.kind, "gender": body.gender, "sha256": body.content_hash},
        "licences_of_the_data": sorted(learned.get("minutes_by_licence", {})),
        "acknowledgements": {
            name: words
            for name, words in _ACKNOWLEDGED.items()
            if any(source.startswith(name.casefold()) for source in sources)
        },
    }
