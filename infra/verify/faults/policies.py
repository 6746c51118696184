"""The policies themselves (R35, R36, R37): broken on purpose, walked round, kept to by our own objects.

Each round has one subject, by its number: a mutant, an attempt, an object.
"""

import contextlib
import copy
from functools import cache

from infra.components.places import APP_NAMESPACES
from infra.lib import policies
from infra.lib.kube import Kube
from infra.lib.policies import Object, Policy
from infra.lib.report import silent
from infra.verify.faults.fault import Fault, Site, hold
from infra.verify.policies import admission, gator, mutants, own, verdicts
from infra.verify.policies.corpus import Attempt
from infra.verify.policies.mutants import Mutant
from infra.verify.policies.suites import Case
from infra.verify.policies.watching import watching

# Who answered at admission, by the name of the attempt, of the rounds that held: R36's note.
_ANSWERED: dict[str, str] = {}
ONE_SIDED, WATCHING, PRIVILEGED = "suite-one-sided", "policy-only-watches", "own-object-privileged"


@cache
def _mutants() -> tuple[list[Policy], list[Mutant], dict[str, list[Case]]]:
    return policies.load(), mutants.everything(), mutants.suites()


def mutated(site: Site) -> None:
    """R35: the suites notice a broken policy. With the defect they look at refusals alone, and some mutant lives."""
    listed, made, suites = _mutants()
    chosen = made[site.number : site.number + 1]
    if site.defect:
        suites = {name: [case for case in known if case.refused is not None] for name, known in suites.items()}
        chosen = made[site.number :] + made[: site.number]
    for mutant in chosen:
        hold(mutants.noticed(mutant, listed, suites), f"no suite notices {mutant.policy} {mutant.what}")


def bypass(site: Site) -> None:
    """R36: gator and Python refuse an attempt by the same policies, and so does admission where it is asked.

    With the defect its policy only watches there.
    """
    attempt = verdicts.attempts()[site.number]
    if site.defect:
        attempt = _refusable(site.number)
    said = (verdicts.in_python([attempt])[attempt.name], verdicts.of_gator()[attempt.name])
    hold(
        said == (attempt.refused, attempt.refused),
        f"{attempt}: want {sorted(attempt.refused)}, Python and gator say {[sorted(each) for each in said]}",
    )
    with contextlib.ExitStack() as stack:
        kube = stack.enter_context(contextlib.closing(Kube(kubeconfig=site.bed.instance.kubeconfig)))
        if site.defect:
            [name] = attempt.refused
            stack.enter_context(watching(site.bed, name, attempt.item))
        wrong, answered = admission.disagreements(kube, [attempt])
    hold(not wrong, "; ".join(wrong))
    if not site.defect:
        _ANSWERED.update(answered)


def _answered() -> str:
    return admission.counted(_ANSWERED)


def _refusable(number: int) -> Attempt:
    """One, by number, that nobody but Gatekeeper refuses at admission: Pod Security does not judge a Deployment."""
    fit = [
        each
        for each in verdicts.attempts()
        if each.item["kind"] == "Deployment" and len(each.refused) == 1 and not each.refused & admission.WARNED
    ]
    return fit[number % len(fit)]


def dogfood(site: Site) -> None:
    """R37: an object that we deploy keeps to every policy. With the defect one of its containers is privileged."""
    environment, index = own.place(site.number)
    world = list(own.world(environment))
    if site.defect:
        index = _pods(environment)[site.number % len(_pods(environment))]
        world[index] = _privileged(world[index])
    item = world[index]
    found = {f"Python: {name}" for name in verdicts.refusing(item, world)}
    told = _gator(world) if site.defect else _gator_of(environment)
    metadata = item["metadata"]
    key = (item["kind"], metadata.get("namespace", ""), metadata.get("name", ""))
    found |= {f"gator: {each.policy}" for each in told if (each.kind, each.namespace, each.name) == key}
    # The defect has to be seen by both.
    both = {each.partition(": ")[0] for each in found} == {"Python", "gator"}
    hold(not found or (site.defect and not both), f"{environment}: {'/'.join(key)} is refused by {sorted(found)}")


@cache
def _gator_of(environment: str) -> frozenset[gator.Refusal]:
    """On the whole environment, asked once."""
    return _gator(list(own.world(environment)))


def _gator(world: list[Object]) -> frozenset[gator.Refusal]:
    program = gator.program(report=silent)
    return frozenset(gator.judge(program, policies.load(), world, namespaces=APP_NAMESPACES))


@cache
def _pods(environment: str) -> tuple[int, ...]:
    """Where in the environment objects of app namespaces are that hold a pod by a template."""
    world = own.world(environment)
    return tuple(index for index in own.judged(environment) if "template" in world[index].get("spec", {}))


def _privileged(item: Object) -> Object:
    broken = copy.deepcopy(item)
    broken["spec"]["template"]["spec"]["containers"][0]["securityContext"]["privileged"] = True
    return broken


R35 = Fault(
    id="R35",
    title="policy-two-sided-mutation: each rule and expression left out, each operator turned, each word and branch"
    " of a pattern taken away",
    promise="a suite notices; n counts mutants, all there are",
    tier="unit",
    defect=ONE_SIDED,
    probe=mutated,
    whole=lambda: len(_mutants()[1]),
)
R36 = Fault(
    id="R36",
    title="policy-bypass: every attempt of the corpus, at gator, in Python and, where that is asked, at admission",
    promise="gator and Python refuse it by the same policies; admission by these or in the API server itself, unless it"
    " is cluster-wide, only warned of or mended on the way in (the note counts them); n counts attempts, all there are",
    tier="full",
    defect=WATCHING,
    probe=bypass,
    whole=lambda: len(verdicts.attempts()),
    note=_answered,
)
R37 = Fault(
    id="R37",
    title="eat-own-dogfood: every rendered object of every environment that some policy is about",
    promise="no policy refuses it, by gator and in Python; n counts objects, all there are",
    tier="unit",
    defect=PRIVILEGED,
    probe=dogfood,
    whole=lambda: len(own.places()),
)
