import pytest
import yaml

from pfa_gitops.convert.emit import document_text, stream_text


def test_short_things_stand_on_one_line_and_long_texts_are_blocks():
    document = {
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {
            "entrypoint": "flows/a.py:f",
            "work_pool": "w",
            "pull_steps": [{"a.b": {"script": "one\ntwo\n", "directory": "{{ x.y }}"}}],
            "schedules": [{"cron": "0 3 * * *", "timezone": "Europe/Berlin"}],
            "tags": ["a", "yes", "1"],
            "version": "1.0",
            "description": "One two three " * 9 + "end",
        },
    }
    assert document_text(document) == (
        "kind: Deployment\n"
        "metadata: {name: d}\n"
        "spec:\n"
        "  entrypoint: flows/a.py:f\n"
        "  work_pool: w\n"
        "  pull_steps:\n"
        "    - a.b:\n"
        "        script: |\n"
        "          one\n"
        "          two\n"
        '        directory: "{{ x.y }}"\n'
        "  schedules:\n"
        '    - {cron: "0 3 * * *", timezone: Europe/Berlin}\n'
        '  tags: [a, "yes", "1"]\n'
        '  version: "1.0"\n'
        "  description: >-\n"
        f"    {' '.join(['One two three'] * 8)} One two\n"
        "    three end\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        " a",
        "a: b",
        "a\n b\n",
        "tab\there",
        "\x1b[31m",
        "é 国",
        "'\"\\",
        "2025-01-01",
        "null",
        "a #b",
        "x\n\n",
        "-",
        "\n",
        "a long text " * 30,
        "a long text: # 'with' \"all\" sorts  of   spaces" + " and words" * 30,
        "- a long text" + " and words" * 30 + "\n",
        "x" * 200 + " " + "y" * 200,
    ],
)
def test_every_text_is_read_back_as_it_was(text):
    value = {"spec": {"a": text, "b": [text], "c": {"d": text}}}
    assert yaml.safe_load(document_text(value)) == value


def test_a_stream_holds_each_document_and_no_anchors():
    shared = {"a": [1, 2]}
    text = stream_text([{"x": shared}, {"x": shared, "y": shared}])
    assert list(yaml.safe_load_all(text)) == [{"x": shared}, {"x": shared, "y": shared}]
    assert "&" not in text
