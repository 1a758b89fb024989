"""What of a spec is written, under which names, and what is hidden."""

from pfa_gitops.convert.values import Made, Report, Sort
from pfa_gitops.export.hidden import Hider, Variables, field_paths
from pfa_gitops.export.legible import is_too_deep, legible
from pfa_gitops.export.minimal import minimal
from pfa_gitops.export.named import addresses
from pfa_gitops.model.places import Address
from pfa_gitops.model.secrets import UNTOLD
from pfa_gitops.platforms.registry import kinds


def bare(kind, name, **fields):
    known = kinds()[kind]
    return known.bare(name, known.spec.model_construct(name=name, **fields))


def test_defaults_are_left_out_and_what_has_none_is_not():
    kind = kinds()["WorkPool"]
    queues = [{"name": "a", "priority": 1, "description": "", "paused": False}]
    spec = kind.spec(type="process", paused=False, description=None, concurrency_limit=0, queues=queues)
    assert minimal(spec, kind.rules) == {
        "type": "process",
        "concurrency_limit": 0,
        "queues": [{"name": "a", "priority": 1}],
    }


def test_a_false_is_no_zero_and_whole_numbers_have_no_point():
    kind = kinds()["ConcurrencyLimit"]
    assert minimal(kind.spec(limit=0, slot_decay_per_second=2.0, active=False), kind.rules) == {
        "limit": 0,
        "slot_decay_per_second": 2,
        "active": False,
    }


def test_an_option_that_is_on_and_else_at_its_defaults_stays_on():
    kind = kinds()["Service"]
    spec = kind.spec.model_validate({"applications": [{"import_path": "a:b"}], "tracing_config": {"enabled": True}})
    assert minimal(spec, kind.rules)["tracing_config"] == {"enabled": True}


def test_names_that_two_objects_share_get_what_tells_them_apart():
    found = [
        bare("Deployment", "nightly", flow_name="etl"),
        bare("Deployment", "nightly", flow_name="report"),
        bare("Deployment", "weekly", flow_name="etl"),
        bare("Variable", "nightly", value=1),
        bare("Automation", "on: failure!"),
        bare("Automation", "on? failure!"),
    ]
    assert [str(address) for address in addresses(found, [Address("Deployment", "weekly")])] == [
        "Deployment/etl-nightly",
        "Deployment/report-nightly",
        "Deployment/etl-weekly",
        "Variable/nightly",
        "Automation/on- failure",
        "Automation/on- failure-2",
    ]


def hidden(kind, name, **spec):
    known, report = kinds()[kind], Report()
    declared = frozenset(field_paths(known.spec.model_construct(**spec)))
    hider = Hider(Address(kind, name), report, Variables(), declared)
    return hider.spec(spec), report


def test_a_secret_is_a_reference_by_a_name_made_of_its_place():
    spec, report = hidden("Block", "data base", type="x", data={"password": UNTOLD, "keys": [UNTOLD, UNTOLD], "a": 1})
    assert spec["data"] == {
        "password": {"from_env": "DATA_BASE_PASSWORD"},
        "keys": [{"from_env": "DATA_BASE_KEYS"}, {"from_env": "DATA_BASE_KEYS_2"}],
        "a": 1,
    }
    assert report.env == set()
    assert [remark.sort for remark in report.remarks] == [Sort.OPEN] * 3


def test_clear_text_that_looks_like_a_secret_is_read_from_the_environment():
    env = {"API_TOKEN": "t0p", "LOG_LEVEL": "info", "TOKEN": "{{ prefect.blocks.secret.token }}", "EMPTY_TOKEN": ""}
    url = "postgresql://joe:sesame@db/x"
    spec, report = hidden(
        "Deployment", "d", job_variables={"env": env, "url": url}, work_pool="tokens", version="${{ x"
    )
    assert spec["job_variables"]["env"] == env | {"API_TOKEN": "${{ env.D_API_TOKEN }}"}
    assert spec["job_variables"]["url"] == "${{ env.D_URL }}"
    assert spec["version"] == '${{ "${" }}{ x'
    assert report.env == {"D_API_TOKEN", "D_URL"}
    assert not [remark for remark in report.remarks if "t0p" in str(remark) or "sesame" in str(remark)]


def test_a_field_that_names_a_secret_is_none():
    spec, report = hidden("Image", "i", image_uri="a/b:1", registry_login_secret="login")
    assert spec["registry_login_secret"] == "login"
    assert report.remarks == ()


def test_a_variable_is_judged_by_its_own_name():
    assert hidden("Variable", "db_password", value="sesame")[0] == {"value": "${{ env.DB_PASSWORD }}"}
    assert hidden("Variable", "greeting", value="hello")[0] == {"value": "hello"}


def test_secrets_are_known_by_other_spellings_and_by_their_own_looks():
    headers = {"X-Api-Key": "abc", "Authorization": "Bearer abc", "Accept": "json"}
    token = "ghp_0123456789abcdefghij"
    fields = {"headers": headers, "apiKey": "abc", "text": f"curl -H {token} {{{{ x }}}}", "keyboard": "us"}
    spec, _ = hidden("Deployment", "d", parameters=fields, entrypoint=f"{token}.py:f")
    clear = {name for name, value in spec["parameters"].items() if "env." not in str(value)}
    assert clear == {"keyboard"}
    assert spec["parameters"]["headers"]["Accept"] == "json"
    assert "abc" not in str(spec)
    assert token not in str(spec)


def test_odd_texts_are_read_as_they_were_written_and_what_is_not_is_told():
    odd = {"text": "yes", "line": "a\x85b\n", "number": "1e3", "date": "2026-01-01", "float": 1.5, "null": None}
    report = Report()
    made = [Made(Address("Variable", name), {"value": value}) for name, value in (("odd", odd), ("nan", float("nan")))]
    assert [one.address.name for one in legible(made, report)] == ["odd"]
    [told] = report.remarks
    assert told.problem.address == Address("Variable", "nan")


def test_what_is_nested_too_deep_is_known_without_recursion():
    deep = 1
    for _ in range(5000):
        deep = [deep]
    assert is_too_deep({"value": deep})
    assert not is_too_deep({"value": [[[1]]]})
