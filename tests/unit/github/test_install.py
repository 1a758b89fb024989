"""The action's first step, before anything is installed: real pip, from a folder of wheels."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "pfa_gitops" / "github" / "install.py"


def install(tmp_path, version):
    (tmp_path / "temp").mkdir(exist_ok=True)
    environ = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_ACTION_PATH": str(SCRIPT.parents[2]),
        "RUNNER_TEMP": str(tmp_path / "temp"),
        "PFA_VERSION": version,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path),
        "PIP_CONFIG_FILE": "/dev/null",
    }
    return subprocess.run([sys.executable, "-I", str(SCRIPT)], env=environ, capture_output=True, text=True, check=False)


def wheel(folder, version):
    """The least that pip takes for a package."""
    about = f"pfa_gitops-{version}.dist-info"
    with zipfile.ZipFile(folder / f"pfa_gitops-{version}-py3-none-any.whl", "w") as made:
        made.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: pfa-gitops\nVersion: {version}\n")
        made.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        made.writestr(f"{about}/RECORD", "")


@pytest.mark.slow  # it makes an environment with pip in it; the others stand for it
def test_a_version_gets_an_environment_of_its_own_and_once_only(tmp_path):
    wheel(tmp_path, "9.8.7")
    done = install(tmp_path, "9.8.7")
    assert done.returncode == 0, done.stderr
    python = (tmp_path / "output").read_text().removeprefix("python=").strip()
    assert python.startswith(str(tmp_path / "temp"))
    asked = "from importlib.metadata import version; print(version('pfa-gitops'))"
    found = subprocess.run([python, "-I", "-c", asked], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "9.8.7"

    next(tmp_path.glob("*.whl")).unlink()  # a second step of the job needs it no more
    assert install(tmp_path, "9.8.7").returncode == 0


@pytest.mark.slow  # the same
def test_a_version_that_is_not_there_is_told(tmp_path):
    done = install(tmp_path, "9.9.9")
    assert done.returncode == 1
    assert "::error title=pfa-gitops::pip could not install" in done.stdout
    assert "Traceback" not in done.stderr


def test_what_is_there_is_taken(tmp_path):
    assert install(tmp_path, "installed").returncode == 0
    assert (tmp_path / "output").read_text() == f"python={sys.executable}\n"


@pytest.mark.parametrize("version", ["latest", "1.0 --pre", "../x", "1.0\n::error::x"])
def test_what_is_no_version_is_refused(tmp_path, version):
    done = install(tmp_path, version)
    assert done.returncode == 1
    assert done.stdout.count("::error") == 1
    assert version not in done.stdout
