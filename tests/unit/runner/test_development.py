"""Development mode: which code a worker and its jobs run."""

import os

import pytest

from pfa_gitops.model.errors import ReaderError
from pfa_gitops.runner.development import CODE, environment, install, with_code
from pfa_gitops.runner.infra import AnyscaleJobInfra, RayJobInfra


def test_the_installed_package_comes_before_all_others(tmp_path):
    made = environment({"PYTHONPATH": "/rays/own", "HOME": "/root"}, tmp_path)
    assert made["PYTHONPATH"] == f"{tmp_path}{os.pathsep}/rays/own"
    assert made["PYTHONSAFEPATH"] == "1"
    assert made["HOME"] == "/root"


def test_its_jobs_get_the_package_besides_their_own_modules():
    infra = AnyscaleJobInfra(py_modules=["./lib"])
    assert with_code(infra, {CODE: "/code"}).py_modules == ["/code", "./lib"]
    assert with_code(RayJobInfra(), {CODE: "/code"}).py_modules == ["/code/pfa_gitops"]
    assert with_code(infra, {}) is infra


def test_a_directory_that_is_no_checkout_is_refused_with_a_mend(tmp_path):
    with pytest.raises(ReaderError, match=r"no pyproject\.toml") as refused:
        install(tmp_path, tmp_path / "code", print)
    assert "working_dir" in refused.value.mend


def test_what_pip_says_is_told(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project\n")
    with pytest.raises(ReaderError, match="pip cannot install"):
        install(tmp_path, tmp_path / "code", print)
