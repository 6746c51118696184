"""What is asked for never becomes ready: told in time, with object and reason, and nothing that worked is lost."""

import time

from infra.engine import select
from infra.engine.api import StackRef
from infra.lib.errors import Exit, SlipwayError
from infra.verify import defects
from infra.verify.faults.concurrency import settled
from infra.verify.faults.fault import BrokenError, Fault, Site, hold, told
from infra.verify.traffic import traffic

RATE = 20.0
DEADLINE = 12.0
# Helm waits for the migration, whose own deadline is 5 min, and at most for the release's 10 min.
RELEASE_DEADLINE = 700.0
PROGRAM = """
import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import Namespace

namespace = Namespace("stuck", metadata={"name": "stuck"})
labels = {"app": "never"}
Deployment(
    "never",
    metadata={"name": "never", "namespace": "stuck"},
    spec={
        "selector": {"match_labels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "never", "image": "IMAGE", "image_pull_policy": "Never"}]},
        },
    },
    opts=pulumi.ResourceOptions(depends_on=[namespace], custom_timeouts=pulumi.CustomTimeouts(create="SECONDSs")),
)
"""


def never_ready(site: Site) -> None:
    """A stack of its own with an image that does not exist: told soon after the deadline, and `down` removes it."""
    image = f"slipway.local/absent:{site.random.randrange(10**6)}"
    folder = site.folder / "stuck"
    folder.mkdir()
    program = PROGRAM.replace("IMAGE", image).replace("SECONDS", f"{DEADLINE:.0f}")
    (folder / "__main__.py").write_text(program, encoding="utf-8")
    (folder / "Pulumi.yaml").write_text("name: slipway-stuck\nruntime: python\n", encoding="utf-8")
    (folder / "Pulumi.local.yaml").write_text("config: {}\n", encoding="utf-8")
    stack = StackRef(name="stuck", directory=folder, environment="local")
    with defects.in_programs(site.defect):
        engine = select(
            "direct", log=site.folder / "engine.log", state=site.folder, kubeconfig=site.bed.instance.kubeconfig
        )
        begin = time.monotonic()
        try:
            engine.up(stack)
        except SlipwayError as error:
            seconds = time.monotonic() - begin
            text = " ".join([error.message, *error.details])
            hold(error.code == Exit.DEADLINE, f"want exit {int(Exit.DEADLINE)}: {error.code} {text}")
            hold(DEADLINE <= seconds <= 3 * DEADLINE, f"told after {seconds:.0f} s, the deadline is {DEADLINE:.0f} s")
            hold("Deployment stuck/never" in text, f"the object is not named: {text}")
            hold("ErrImageNeverPull" in text and image in text, f"the reason is not told: {text}")
            hold(error.hint, "no next step is named")
        else:
            raise BrokenError("what never became ready counted as done")
        finally:
            engine.down(stack)
    left = [each["metadata"]["name"] for each in site.bed.objects("namespaces")]
    hold("stuck" not in left, "the namespace is left")


def release_never_ready(site: Site) -> None:
    """An image that does not exist: told with object and reason, and the old version goes on serving."""
    bed = site.bed
    mark = f"slipway.local/absent:{site.number}"
    words = ("--set", f'delivery.images={{"todo-app": "{mark}"}}')
    try:
        with traffic(bed, rate=RATE) as seen:
            done = bed.call("up", "--yes", *words, via=site.defect, deadline=RELEASE_DEADLINE)
        told(done, "todo-app", mark, code=done.code, within=RELEASE_DEADLINE)
        hold(done.code in {1, 6}, f"want exit 1 or 6: {done.text}")
        hold("ImageNeverPull" in done.err or "ImagePull" in done.err, f"the reason is not told: {done.text}")
        hold(seen.failures == 0, f"{seen.failures} of {seen.sent} requests failed: {seen.examples}")
    finally:
        bed.up()
    settled(bed)


NEVER_READY = Fault(
    id="never-ready",
    title="a resource that never becomes ready",
    promise="exit 6 soon after the deadline, object and reason named; `down` removes it",
    tier="bed",
    defect="readiness-unchecked",
    probe=never_ready,
)
RELEASE_NEVER_READY = Fault(
    id="release-never-ready",
    title="a version of the app whose image does not exist",
    promise="exit 1 or 6 within the deadline, object and reason named, the old version serves on with 0 failed",
    tier="bed",
    defect="reason-lost",
    probe=release_never_ready,
)
