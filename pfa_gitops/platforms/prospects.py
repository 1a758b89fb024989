"""What an object that flow runs need is to be judged by, the same for both platforms. Pure."""

from pfa_gitops.model.chain import Link, Part, Verdict
from pfa_gitops.model.values import Action, SpecT
from pfa_gitops.platforms.base import FieldRules, Prospect
from pfa_gitops.platforms.overlaid import overlaid


def expected(prospect: Prospect[SpecT], rules: FieldRules) -> SpecT | None:
    """The spec that counts: of what is live, or of what will be once the plan was applied. None: it is not there."""
    if not prospect.planned or prospect.action is Action.NONE:
        return prospect.live.spec if prospect.live else None
    if prospect.action is Action.DELETE:
        return None
    if prospect.live is None or prospect.appears:
        return prospect.manifest.spec
    return overlaid(prospect.manifest.spec, prospect.live.spec, rules)


def slots(
    prospect: Prospect[SpecT], what: str, limit: int | None, active: int | None, item: str | None = None
) -> list[Link]:
    """Whether a limit has a slot left; nothing where there is no limit. `active` None: it is not told."""
    if limit is None:
        return []
    if limit == 0:
        verdict, reason = Verdict.NOT, f"{what} has the limit 0: nothing starts"
    elif active is None:
        verdict, reason = Verdict.UNKNOWN, f"how many of the {limit} slots of {what} are taken is not told"
    elif active >= limit:
        verdict, reason = Verdict.NOT, f"all {limit} slots of {what} are taken: runs wait until one ends"
    else:
        verdict, reason = Verdict.OK, f"{limit - active} of {limit} slots of {what} are free"
    return [prospect.link(Part.CONCURRENCY, verdict, reason, item)]
