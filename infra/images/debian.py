"""Debian packages for the recipes: from the machine's own apt sources, which never end up in an image.

mmdebstrap and not debootstrap: one pass with security updates, apt's own settings, and the same
bytes from the same packages.
"""

from dataclasses import dataclass
from pathlib import Path

from infra.images import sandbox
from infra.lib.errors import Exit, SlipwayError
from infra.lib.process import capture

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
DEADLINE = 15 * 60.0
# Left out at unpacking, in derived images too: nobody reads manuals in a container.
EXCLUDED = ("doc", "man", "info", "locale", "lintian", "bug", "doc-base")
# Kept by mmdebstrap for the system it made; they tell where it was made.
TRACES = (
    "etc/apt/sources.list",
    "etc/apt/sources.list.d/*",
    "etc/apt/apt.conf.d/99mmdebstrap",
    "etc/resolv.conf",
    "etc/hostname",
    "etc/machine-id",
    "var/log/*",
    "var/cache/debconf/*-old",
    "var/lib/dpkg/*-old",
    "var/cache/ldconfig/aux-cache",
)


@dataclass(frozen=True)
class Apt:
    """Files that make apt inside a build use the machine's sources and its settings (proxy, dates)."""

    sources: Path
    settings: Path

    def volumes(self) -> list[str]:
        """Mounted for the build only."""
        return [
            f"--volume={self.sources}:/etc/apt/sources.list:ro",
            f"--volume={self.settings}:/etc/apt/apt.conf:ro",
        ]


def prepare(folder: Path, *, suite: str) -> Apt:
    """Write the machine's sources of `suite` and its `Acquire` settings into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = _sources(suite)
    apt = Apt(folder / "sources.list", folder / "apt.conf")
    apt.sources.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    settings = [line for line in capture(["apt-config", "dump", "Acquire"]).splitlines() if "IndexTargets" not in line]
    settings += [
        'Acquire::Languages "none";',
        'Acquire::Retries "3";',
        # A list that could not be fetched is an error, not a warning before "Unable to locate package".
        'APT::Update::Error-Mode "any";',
        'APT::Install-Recommends "false";',
        # apt's own sandbox user cannot read a build's folders, and a build has nothing to protect.
        'APT::Sandbox::User "root";',
    ]
    apt.settings.write_text("\n".join(settings) + "\n", encoding="utf-8")
    return apt


def root_filesystem(target: Path, *, apt: Apt, suite: str, epoch: int, scratch: Path, log: Path) -> None:
    """Make a tar of a Debian system with apt and nothing more; the same packages give the same bytes."""
    traces = " ".join(f'"$1"/{trace}' for trace in TRACES)
    sandbox.run(
        [
            "mmdebstrap",
            "--mode=root",
            "--variant=apt",
            "--format=tar",
            f"--keyring={KEYRING}",
            f"--aptopt={apt.settings}",
            # Makes /bin a link before anything is unpacked; else the package usrmerge brings 50 MB of Perl.
            "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
            "--dpkgopt=force-unsafe-io",
            *(f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in EXCLUDED),
            "--dpkgopt=path-include=/usr/share/doc/*/copyright",
            f"--customize-hook=rm -rf {traces}",
            suite,
            target,
            apt.sources,
        ],
        package="mmdebstrap",
        scratch=scratch,
        env={"SOURCE_DATE_EPOCH": str(epoch)},
        log=log,
        deadline=DEADLINE,
    )


def _sources(suite: str) -> list[str]:
    suites = {suite, f"{suite}-updates", f"{suite}-security"}
    fields = "$(SITE) $(RELEASE) $(COMPONENT) $(ORIGIN)"
    found = capture(["apt-get", "indextargets", "--format", fields, "Created-By: Packages"])
    wanted = []
    for line in sorted(set(found.splitlines())):
        site, release, component, *origin = line.split()
        # Others publish suites of the same name; before the first `apt-get update` the origin is unknown.
        if release in suites and component == "main" and origin in (["Debian"], ["$(ORIGIN)"], []):
            wanted.append(f"deb [signed-by={KEYRING}] {site} {release} main")
    if not any(f" {suite} " in line for line in wanted):
        raise SlipwayError(
            f"apt on this machine has no source for Debian {suite}: images are made of its packages",
            hint=f"add Debian's {suite} to /etc/apt/sources.list.d, then: apt-get update",
            code=Exit.MISSING,
        )
    return wanted
