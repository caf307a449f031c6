"""Lines for logs: one per epoch with every term and what is left."""

from motionfit.training.progress import TrainingProgress


def tell(progress, scores):
    best = {"score": 9.0, "epoch": -1.0}
    for epoch, score in enumerate(scores):
        progress.epoch_begins(epoch, 2)
        progress.step_done(1, lambda: {"loss": 1.0})
        row = {"epoch": float(epoch), "loss": 1.0, "kl": 2.5, "score": score, "learning_rate": 1e-3, "seconds": 60.0}
        best = row if score < best["score"] else best
        progress.epoch_done(row, best)


def test_where_there_is_no_terminal_each_epoch_is_a_line(capsys):
    with TrainingProgress(epochs=4) as progress:
        tell(progress, [0.5, 0.6])
    first, second = capsys.readouterr().err.splitlines()
    assert first == "epoch 1 of 4: loss 1, kl 2.5, score 0.5; best so far; 60.0 s, 0:03:00 left"
    assert second == "epoch 2 of 4: loss 1, kl 2.5, score 0.6; best 0.5 (1); 60.0 s, 0:02:00 left"


def test_quiet_is_quiet(capsys):
    with TrainingProgress(epochs=4, quiet=True) as progress:
        tell(progress, [0.5, 0.6])
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


def test_a_terminal_shows_a_bar_with_all_terms(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("motionfit.training.progress._REFRESH_SECONDS", -1.0)
    with TrainingProgress(epochs=2) as progress:
        tell(progress, [0.5])
        assert progress._bar.tasks[0].completed == 1
        assert progress._bar.tasks[0].description == "epoch 1 of 2"
    assert "epoch 1 of 2: loss 1, kl 2.5" in capsys.readouterr().err
