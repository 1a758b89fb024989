import tracemalloc

import pytest

from pfa_gitops.manifests.names import EnvironmentVariables, Git, Names, Variables
from pfa_gitops.manifests.templates import TemplateFault, Templates

VARS = {
    "n": 3,
    "on": True,
    "none": None,
    "text": "a b",
    "list": [1, {"k": "v"}],
    "items": "mine",
    "nested": {"keys": 7},
}


@pytest.fixture
def names():
    env = EnvironmentVariables({"REGION": "eu", "SECRET": "hunter2"}, {"REGION", "UNSET"})
    return Names(Variables(VARS), env, "dev", Git({"commit": "abc"}), {"directory": "/p"})


@pytest.fixture
def value(names):
    templates = Templates()
    return lambda text: templates.value(text, names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${{ vars.n }}", 3),
        ("${{vars.n * 2}}", 6),
        ("${{- vars.on -}}", True),
        ("${{ vars.none }}", None),
        ("${{ vars.list }}", [1, {"k": "v"}]),
        ("${{ '1' }}", "1"),
        ("${{ vars.list | length }}", 2),
        ("${{ vars.list | map('string') | list }}", ["1", "{'k': 'v'}"]),
        ("${{ vars.items }}", "mine"),
        ("${{ vars.nested.keys }}", 7),
        ("${{ vars['n'] }}", 3),
        ("${{ env.REGION }}", "eu"),
        ("${{ env.UNSET | default('none') }}", "none"),
        ("${{ env.get('UNSET', 'x') }}", "x"),
        ("${{ environment }}", "dev"),
        ("${{ git.commit }}", "abc"),
        ("${{ 'x' if environment == 'dev' else vars.unknown }}", "x"),
        ("${{ vars.n }}\n", "3\n"),
        ("a ${{ vars.n }}-${{ vars.on }}-${{ vars.none }} ${{ vars.list }}", 'a 3-true-null [1, {"k": "v"}]'),
        ("${% for i in range(3) %}${{ i }}${% endfor %}", "012"),
        ("${# gone #}x", "x"),
        ("${{ 'a-b-c'.replace('-', '_', 1) }} ${{ 'a-b' | replace('-', '_') | upper }}", "a_b-c A_B"),
        ("${{ ', '.join(['a', 'b']) ~ 1 }} ${{ [{'k': 'a'}, {'k': 'b'}] | join('+', 'k') }}", "a, b1 a+b"),
        ("${{ 'a\nb' | indent(2) }}${{ 'x' | indent('> ', true) }}", "a\n  b> x"),
        ("${{ '%03d-%s' % (7, 'x') }} ${{ 2.345 | round(1) }} ${{ [1] | tojson }}", "007-x 2.3 [1]"),
        ("${{ [1] + [2] }}", [1, 2]),
        ("${{ '<b>' | escape }}", "&lt;b&gt;"),
        ("${% filter upper %}a${% endfilter %}${% set x | upper %}b${% endset %}${{ x }}", "AB"),
        ("${% macro m(a) %}[${{ a }}${{ caller() }}]${% endmacro %}${% call m(1) %}x${% endcall %}", "[1x]"),
        ("${% for a, b in [(1, 2), (3, 4)] %}${{ a + b }},${% else %}-${% endfor %}", "3,7,"),
        ("{{ prefect.variables.x }} {{ $ENV }} ${HOME} $x", "{{ prefect.variables.x }} {{ $ENV }} ${HOME} $x"),
        ("{{ prefect.blocks.a.${{ environment }} }}", "{{ prefect.blocks.a.dev }}"),
    ],
)
def test_values(value, text, expected):
    assert value(text) == expected
    assert type(value(text)) is type(expected)


def test_an_environment_variable_that_the_project_does_not_allow_stays_secret(value):
    for text in ("${{ env.SECRET | default('x') }}", "${{ env.get('SECRET') }}", "${{ env['SECRET'] }}"):
        with pytest.raises(TemplateFault, match="does not let manifests read the environment variable SECRET"):
            value(text)
    assert value("${{ env | list }}") == ["REGION"]
    assert value("${{ env.items() | list }}") == [["REGION", "eu"]]


@pytest.mark.parametrize(
    "text",
    [
        "${{ env._values }}",
        "${{ vars.list.append(1) }}",
        "${{ ''.__class__.__mro__ }}",
        "${{ environment.format.__globals__ }}",
        "${{ '{0.__class__}'.format(1) }}",
        "${{ lipsum }}",
        "${{ self }}",
    ],
)
def test_nothing_leads_out_of_the_sandbox(value, text):
    with pytest.raises(TemplateFault):
        value(text)


def test_git_is_asked_once_and_only_when_a_template_wants_to_know():
    asked = []
    git = Git(lambda: asked.append(1) or {"commit": "abc"})
    names, templates = Names(Variables({}), EnvironmentVariables({}, set()), "dev", git, {}), Templates()
    assert templates.value("${{ environment }}", names) == "dev"
    assert asked == []
    assert templates.value("${{ git.commit }} ${{ git.commit }}", names) == "abc abc"
    assert asked == [1]


def test_loops_are_counted_for_each_template_anew(value):
    text = "${% for i in range(60000) %}${% endfor %}x"
    assert value(text) == value(text) == "x"


def test_a_template_file_knows_the_line_of_each_line(names):
    text = "a\n${% for i in range(2) -%}\nb: ${{ i }}\n${% endfor %}\nc: ${{ 'x\ny' }}\nd"
    found = Templates().file(text, names)
    assert found.text == "a\nb: 0\nb: 1\n\nc: x\ny\nd"
    assert found.lines == (1, 3, 3, 4, 5, 6, 7)


def test_where_marks_would_change_the_result_no_line_is_claimed(names):
    found = Templates().file("${% set x %}a\nb${% endset %}${{ x | length }}\n", names)
    assert found.text == "3\n"
    assert found.lines is None


DOUBLED = "".join("${% set x = GROWN %}" for _ in range(40))


@pytest.mark.parametrize(
    "text",
    [
        "${{ 'x'.center(200000000) }}",
        "${{ 'x'['zfill'](200000000) }}",
        "${{ 'x' | attr('ljust')(200000000) }}",
        "${{ 'x' | center(200000000) }}",
        "${{ 'x' | indent(200000000, true) }}",
        "${{ '{:>200000000}'.format(1) }}",
        "${{ '{a:>200000000}'.format_map({'a': 1}) }}",
        "${{ '%200000000d' | format(1) }}",
        "${{ '%(a)200000000d' % {'a': 1} }}",
        "${{ ('%(a)s' * 9000) % {'a': 'x' * 90000} }}",
        "${{ (1).to_bytes(200000000) }}",
        "${{ ('x' * 90000).join('y' * 90000) }}",
        "${{ ('y' * 90000) | join('x' * 90000) }}",
        "${{ ('x' * 90000).replace('x', 'y' * 90000) }}",
        "${{ ('x' * 90000) | replace('x', 'y' * 90000) }}",
        "${{ range(90000) | map('replace', '1', 'y' * 90000) | list }}",
        "${{ [1] | batch(200000000, 'x') | list }}",
        "${{ [1] | slice(200000000) | list }}",
        "${{ 1.5 | round(200000000, 'ceil') }}",
        "${{ ['x' * 90000] * 90000 }}",
        "${{ 1e308 * 10 }}",
        "${{ [1e308 * 10] }}",
        "${{ 1e308 * 10 }} as text",
        "${{ ('f' * 8000) | int(base=16) }}",
        "${% set x = 'x' %}" + DOUBLED.replace("GROWN", "x ~ x"),
        "${% set x = 'x' %}" + DOUBLED.replace("GROWN", "x + x"),
        "${% set x = 'x' %}" + DOUBLED.replace("GROWN", "[x, x]"),
        "${% set x = 'x' %}" + DOUBLED.replace("GROWN", "{'a': x, 'b': x}"),
        "${% set x = 'x' %}" + "${% set x %}${{ x }}${{ x }}${% endset %}" * 40,
        "${% macro m(n) %}${{ m(n - 1) ~ m(n - 1) if n }}${% endmacro %}${{ m(50) }}",
        "${% for a in [1] recursive %}${{ loop([1]) }}${% endfor %}",
        "${% set x %}${% for i in range(90000) %}" + "x" * 100 + "${% endfor %}${% endset %}",
    ],
)
def test_a_template_cannot_fill_the_memory(value, text):
    tracemalloc.start()
    try:
        with pytest.raises(TemplateFault):
            value(text)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


def test_output_is_bounded(names):
    text = "${% for i in range(90000) %}" + "x" * 100 + "${% endfor %}"
    with pytest.raises(TemplateFault, match="more than 5 MB"):
        Templates().file(text, names)
