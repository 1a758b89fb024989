"""Names and values that try to break out of what they are shown in, and plans that are full of them."""

from hypothesis import strategies as st
from support.sample_plans import change, link, runs

from pfa_gitops.model.chain import Part, Verdict, chain
from pfa_gitops.model.contract import ContractChange, Hit, HitSort, ParameterChange
from pfa_gitops.model.errors import Problem
from pfa_gitops.model.impact import Effect, RunState
from pfa_gitops.model.places import Address, Origin
from pfa_gitops.model.policy import Severity, Violation
from pfa_gitops.model.risk import Risk
from pfa_gitops.model.values import Action, FieldChange, Outcome, Plan, Result

HOSTILE = [
    "`", "``` ", "a`b``c", "|", "a|b\\|c", "\\", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "]]>",
    "-->", "--><!--", "<!--", "</details>", "</summary>", "\x1b[31mred\x1b[0m", "\x1b]8;;http://evil\x07", "a\nb",
    "\r\n# heading", "\u202eevil\u202c", "\u2066x\u2069", "\u200b", "@octocat", "@org/team", "#123", "GH-123",
    "org/repo#1", "https://evil.example/x", "www.evil.example", "a@evil.example", "![x](http://evil/p.png)",
    "[x](javascript:alert(1))", "[^1]", "~~~", "```mermaid", '"]; click n0 "javascript:alert(1)"', "end",
    "%%{init: {}}%%",
    "n0 --> n1", "#quot;", "&lt;b&gt;", "&#64;octocat", "::error::x", "##[error]x", "$x$", "$$x$$", "- x", "1. x",
    "> x", ":tada:", "\u2028", "\0", " ", "\ud800", "é", "漢字", "👩‍👩‍👧",
]  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(HOSTILE),
    st.lists(st.sampled_from(HOSTILE), min_size=2, max_size=4).map("".join),
    st.lists(st.sampled_from(HOSTILE), min_size=2, max_size=4).map(" ".join),
    st.text(min_size=1, max_size=40),
    st.text(alphabet="`<>|\\-!@#[]()*_~&;: \n\"'a1", min_size=1, max_size=40),
)


def hostile_plan(name, text):
    address = f"Deployment/{name}"
    return Plan(
        text,
        (
            change(
                address,
                Action.UPDATE,
                FieldChange(("parameters", name), text, name, text),
                FieldChange((name, text), {name: [text, name * 30]}, {text: name}),
                FieldChange((), text * 40, name * 40),
                to=[f"WorkPool/{text}"],
                impact=runs(RunState.LATE, Effect.DROPPED, 1),
                contract=(ContractChange(name, ParameterChange.RETYPED, True, text, (Hit(HitSort.AUTOMATION, name),)),),
                risks=(Risk.EXPOSES_SECRET, Risk.RESTARTS_AGENT),
            ),
            change(f"WorkPool/{text}", Action.CREATE, FieldChange(("type",), None, text)),
            change(f"Variable/{text}", Action.DELETE),
            change(f"Block/{name}", Action.NONE, adopts=True),
        ),
        (text, f"{name} is {text}"),
        breaches=(f"{text} of {name}",),
        protection=((Address("Deployment", name), False), (Address("WorkPool", text), True)),
        verdicts=(
            Violation(name, Severity.DENY, text, Address("Deployment", name)),
            Violation(text, Severity.WARN, name, None, text),
        ),
        chains=(
            chain(Address("Deployment", name), [link(Part.POOL, Verdict.NOT, text)]),
            chain(Address("Deployment", text), [link(Part.SECRETS, Verdict.UNKNOWN, f"{text} {name}")]),
        ),
    )


def hostile_outcomes(name, text):
    plan = hostile_plan(name, text)
    problem = Problem(f"no such pool `{text}` {name}", f"create {text}.", Origin(text, 1, 2))
    results = (Result.FAILED, Result.DONE, Result.BLOCKED, Result.SKIPPED)
    return plan, [Outcome(one, result, problem) for one, result in zip(plan.changes, results, strict=True)]
