import pytest

from motionfit.bench.clips import bench_clips
from motionfit.bench.tasks import TASKS, observe
from motionfit.pipeline.settings import METHODS, load_preset


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_task_has_a_preset_of_each_method_that_weighs_what_it_observes(task, open_body):
    (seen,) = observe(task, bench_clips(None), open_body, 0)
    for method in METHODS:
        settings = load_preset(task.presets[method])
        assert settings.method == method
        assert all(settings.weights[stage].get(seen.observations.kind, 0.0) > 0 for stage in settings.stages)


def test_the_middle_third_is_missing_and_nothing_else(open_body):
    task = next(task for task in TASKS if task.name == "missing_middle")
    (seen,) = observe(task, bench_clips(None), open_body, 0)
    mask = seen.observations.joints3d_mask
    assert mask.shape[0] == 60
    assert not mask[20:40].any()
    assert mask[:20].all()
    assert mask[40:].all()
