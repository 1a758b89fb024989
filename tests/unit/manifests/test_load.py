from pathlib import Path

import pytest

from pfa_gitops.manifests.load import MAX_BYTES, find_project
from pfa_gitops.manifests.yaml_documents import read_documents
from pfa_gitops.model.errors import ProblemsFound

POOL = "apiVersion: pfa-gitops/v1\nkind: Pool\nmetadata: {name: NAME}\n"


def pool(name: str, spec: str = "{}") -> str:
    return POOL.replace("NAME", name) + f"spec: {spec}\n"


def only_problem(read, files):
    with pytest.raises(ProblemsFound) as found:
        read(files)
    [problem] = found.value.problems
    return str(problem.origin), problem.message


def test_every_value_and_key_knows_its_place():
    [document] = read_documents("# above\na: 1\nb:\n  - x\n  - {y: 'z'}\n---\n", "f.yaml")
    assert document.value == {"a": 1, "b": ["x", {"y": "z"}]}
    places = document.places
    assert {path: origin[1:] for path, origin in places.values.items()} == {
        (): (2, 1),
        ("a",): (2, 4),
        ("b",): (4, 3),
        ("b", 0): (4, 5),
        ("b", 1): (5, 5),
        ("b", 1, "y"): (5, 9),
    }
    assert {path: origin[1:] for path, origin in places.keys.items()} == {
        ("a",): (2, 1),
        ("b",): (3, 1),
        ("b", 1, "y"): (5, 6),
    }


def test_values_are_those_of_json():
    text = "[~, yes, 010, 1_000, 1.5, 2027-01-15, 2027-01-15T18:00:00Z, '1', !!str 1, !!float 1, 0x10]"
    [document] = read_documents(text, "f.yaml")
    assert document.value == [
        None,
        True,
        8,
        1000,
        1.5,
        "2027-01-15",
        "2027-01-15T18:00:00Z",
        "1",
        "1",
        1.0,
        16,
    ]


def test_aliases_and_merge_keys_stand_for_their_values():
    text = "base: &b {x: 1, y: 2}\nmine: {<<: *b, y: 3}\nboth: {<<: [*b, {z: 4}]}\nsame: *b\n"
    [document] = read_documents(text, "f.yaml")
    assert document.value["mine"] == {"x": 1, "y": 3}
    assert document.value["both"] == {"x": 1, "y": 2, "z": 4}
    assert document.value["same"] == {"x": 1, "y": 2}
    assert str(document.places.of_value(("same",))) == "f.yaml:4:7"
    assert str(document.places.of_value(("mine", "x"))) == "f.yaml:1:14"


@pytest.mark.parametrize("bracket", ["[", "{a: ", "- "])
def test_deep_nesting_is_a_problem_and_no_crash(bracket):
    [problem] = read_documents(bracket * 200_000, "f.yaml")
    assert problem.message == "nested deeper than 100 levels"


def test_aliases_cannot_nest_deeper_either():
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 150))]
    [problem] = read_documents("\n".join(lines), "f.yaml")
    assert problem.message == "nested deeper than 100 levels"


def test_empty_documents_are_skipped_and_windows_lines_and_a_byte_order_mark_are_read(read, tmp_path):
    (tmp_path / "manifests").mkdir()
    text = "---\n---\n# nothing\n---\n" + pool("a").replace("\n", "\r\n")
    (tmp_path / "manifests/a.yaml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    [manifest] = read({}).manifests
    assert str(manifest.address) == "Pool/a"


def test_files_are_read_in_the_order_of_their_paths_the_project_file_first(read):
    files = {"manifests/b/a.yaml": pool("3"), "manifests/a.yml": pool("1"), "manifests/b.yaml": pool("4")}
    project = "apiVersion: pfa-gitops/v1\nkind: Project\nmetadata: {name: test}\n---\n" + pool("p")
    found = read(
        {"pfa-gitops.yaml": project, **{name: text.replace("name: ", "name: n") for name, text in files.items()}}
    )
    assert [manifest.address.name for manifest in found.manifests] == ["p", "n1", "n3", "n4"]


def test_a_pattern_may_match_nothing_while_another_one_does(read):
    project = (
        "apiVersion: pfa-gitops/v1\nkind: Project\nmetadata: {name: test}\n"
        "spec: {manifests: ['manifests/**/*.yaml', 'manifests/**/*.yaml.j2']}\n"
    )
    assert len(read({"pfa-gitops.yaml": project, "manifests/a.yaml": pool("a")}).manifests) == 1


def test_a_link_out_of_the_project_is_refused(read, tmp_path, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "a.yaml"
    outside.write_text(pool("a"))
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests/a.yaml").symlink_to(outside)
    assert only_problem(read, {}) == ("manifests/a.yaml:1:1", "manifests/a.yaml leads outside of the project")


def test_a_file_that_is_no_text(read, tmp_path):
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests/a.yaml").write_bytes("kind: Pööl".encode("utf-16"))
    assert only_problem(read, {}) == ("manifests/a.yaml:1:1", "the file is not UTF-8: byte 0 does not fit")


def test_a_control_character(read):
    place = only_problem(read, {"manifests/a.yaml": "kind: Pool\nname: a\x07b\n"})
    assert place == ("manifests/a.yaml:2:8", "a character that YAML does not allow")


def test_a_file_that_is_too_large(read):
    text = pool("a") + "#" * MAX_BYTES
    assert only_problem(read, {"manifests/a.yaml": text}) == ("manifests/a.yaml:1:1", "the file is larger than 5 MB")


def test_the_project_is_found_from_below_it(write, tmp_path, monkeypatch):
    write({"pfa-gitops.yaml": "", "manifests/deep/a.yaml": ""})
    monkeypatch.chdir(tmp_path / "manifests/deep")
    assert find_project(Path()) == Path("../..")
    assert find_project(tmp_path / "manifests") == tmp_path


def test_the_search_ends_at_the_checkout(write, tmp_path):
    write({"pfa-gitops.yaml": "", "inner/.git/config": ""})
    with pytest.raises(ProblemsFound, match=r"there is no pfa-gitops\.yaml in inner"):
        find_project(tmp_path / "inner")


def test_a_project_file_with_another_name_is_pointed_out(write):
    with pytest.raises(ProblemsFound) as found:
        find_project(write({"pfa-gitops.yml": ""}))
    assert found.value.problems[0].mend.startswith("rename pfa-gitops.yml")


def test_a_directory_that_is_not_there():
    with pytest.raises(ProblemsFound, match="nowhere is no directory"):
        find_project(Path("nowhere"))


def test_merges_that_stand_too_deep_are_told_and_others_are_not():
    def chain(length: int) -> list[str]:
        return ["a0: &a0 {k: v}", *(f"a{i}: &a{i} {{<<: *a{i - 1}}}" for i in range(1, length))]

    [fine] = read_documents("\n".join(chain(100)), "f.yaml")
    assert fine.value["a99"] == {"k": "v"}
    [problem] = read_documents("\n".join(chain(600)), "f.yaml")
    assert (problem.message, problem.mend) == ("merge keys stand deeper than 100 levels", "write the keys out")
    assert problem.origin.line == 102


def test_deep_nesting_and_deep_merges_together_stay_within_the_stack():
    lines = ["a0: &a0 {k: v}", *(f"a{i}: &a{i} {{n: {{<<: *a{i - 1}}}}}" for i in range(1, 300))]
    [problem] = read_documents("\n".join(lines), "f.yaml")
    assert problem.message.endswith("deeper than 100 levels")


def test_merges_that_add_nothing_are_counted():
    text = "a: &a {}\nb: [" + ("{<<: [" + "*a, " * 60_000 + "]}, ") * 2 + "]"
    [problem] = read_documents(text, "f.yaml")
    assert problem.message.startswith("too many aliases")


def test_a_directory_that_the_system_refuses_is_told():
    with pytest.raises(ProblemsFound) as found:
        find_project(Path("a" * 300))
    [problem] = found.value.problems
    assert problem.message == f"{'a' * 60}… cannot be read: File name too long"
    assert problem.mend == "check the path given with -C"
