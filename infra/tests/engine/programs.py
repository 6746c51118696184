"""Programs that several tests run."""

NEVER_READY = """
    labels = {"app": "NAME"}
    pods = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "nowhere/web:1"}]}}
    web = Deployment("web", spec={"selector": {"match_labels": labels}, "template": pods}, metadata={
        "name": "NAME", "namespace": "default", "annotations": {"ANNOTATION": "VALUE"}})
    ConfigMap("after", metadata={"name": "NAME-after", "namespace": "default"}, opts=ResourceOptions(depends_on=[web]))
"""


def never_ready(name: str, annotation: str = "pulumi.com/timeoutSeconds", value: str = "3") -> str:
    """A Deployment that finds no node, and an object that depends on it."""
    return NEVER_READY.replace("NAME", name).replace("ANNOTATION", annotation).replace("VALUE", value)


def chain(namespace: str) -> str:
    """A program of a namespace and six objects, some of which need others."""
    return """
        def settings(number, needs):
            metadata = {"name": f"c{number}", "namespace": "PLACE"}
            options = ResourceOptions(depends_on=needs)
            return ConfigMap(f"c{number}", metadata=metadata, data={"number": str(number)}, opts=options)

        place = Namespace("place", metadata={"name": "PLACE", "labels": {"kept": "yes"}})
        before = [settings(number, [place]) for number in range(3)]
        after = [settings(number, before) for number in range(3, 6)]
    """.replace("PLACE", namespace)
