import json
import subprocess
import sys

_WINDOW_PACKAGES = ("PySide6", "shiboken6", "pyqtgraph", "OpenGL", "motionfit_app")

_IMPORT_ALL_WITHOUT_A_WINDOW = f"""
import importlib, pkgutil, sys
for name in {_WINDOW_PACKAGES!r}:
    sys.modules[name] = None
import motionfit
optional = ("anny",)
imported = 0
for module in pkgutil.walk_packages(motionfit.__path__, "motionfit."):
    if module.name.endswith("__main__"):
        continue
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        if error.name not in optional:
            raise
    imported += 1
print(imported)
"""

_LOADED_BY = """
import json, sys
import {module}
print(json.dumps(sorted(name for name in sys.modules if "." not in name)))
"""


def _run(program: str) -> str:
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_every_core_module_imports_without_window_libraries():
    assert int(_run(_IMPORT_ALL_WITHOUT_A_WINDOW)) > 20


def test_importing_the_package_loads_nothing_heavy():
    loaded = json.loads(_run(_LOADED_BY.format(module="motionfit")))
    assert not {"torch", "numpy", "scipy", "av"} & set(loaded)
