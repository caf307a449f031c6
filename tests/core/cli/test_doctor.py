from motionfit import doctor
from motionfit.body import load
from motionfit.doctor import BROKEN, MISSING, OK, examine


def found(name):
    return next(each for each in examine() if each.name == name)


def test_everything_is_looked_at():
    names = {each.name for each in examine()}
    wanted = {"motionfit", "torch", "GPU", "PySide6", "display", "body", "pose-prior", "motion-prior", "initial-state"}
    assert wanted | {"video codecs", "demo clip", "acceleration"} <= names
    for each in examine():
        assert each.status in (OK, MISSING, BROKEN)
        assert each.detail
        assert each.advice or each.status == OK


def test_a_broken_body_is_told_with_code_1(tmp_path, run_json, monkeypatch):
    monkeypatch.setenv(load.BODY_ENVIRONMENT_VARIABLE, str(tmp_path / "none.npz"))
    code, report, _ = run_json("doctor")
    assert code == 1
    assert "body" in report["error"]["message"]
    assert {"name", "status", "detail", "advice"} == set(report["findings"][0])


def test_missing_priors_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "shipped_path", lambda kind: tmp_path / f"{kind}.safetensors")
    assert found("motion-prior").status == BROKEN


def test_without_display_the_way_out_is_told(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert doctor.display_name() == ""
    assert "--headless" in found("display").advice
    monkeypatch.setenv("DISPLAY", ":7")
    assert found("display").status == OK


def test_missing_libraries_name_their_package(monkeypatch):
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None if name == "xcb-cursor" else name)
    assert "libxcb-cursor0" in found("Qt platform").advice


def test_what_speeds_fits_up_is_told(monkeypatch):
    monkeypatch.setattr(doctor, "numba_fault", lambda: "it needs another NumPy")
    assert "another NumPy" in found("acceleration").detail
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    assert "motionfit[accelerate]" in found("acceleration").advice


def test_the_table_is_printed(run):
    _, out, _ = run("doctor")
    assert "video codecs" in out
    assert "what to do" in out
