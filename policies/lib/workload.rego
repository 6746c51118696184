package lib.workload

# Each kind that holds a pod keeps it in a place of its own.
pod := input.review.object if input.review.object.kind == "Pod"

pod := input.review.object.template

pod := input.review.object.spec.template

pod := input.review.object.spec.jobTemplate.spec.template

# "kind name", as messages begin.
subject := sprintf("%s %s", [input.review.object.kind, name])

name := input.review.object.metadata.name

name := input.review.object.metadata.generateName if not input.review.object.metadata.name

# Every container, also those that start first and those that are added to a running pod.
containers contains container if {
	some field in {"containers", "initContainers", "ephemeralContainers"}
	some container in pod.spec[field]
}

# What the API lets have figures and probes: not the containers added to a running pod.
lasting contains container if {
	some field in {"containers", "initContainers"}
	some container in pod.spec[field]
}

# Images of containers and of volumes; "" for one that names none.
images contains {"of": sprintf("container %s", [container.name]), "image": container.image} if some container in containers

images contains {"of": sprintf("container %s", [container.name]), "image": ""} if {
	some container in containers
	not container.image
}

images contains {"of": sprintf("volume %s", [volume.name]), "image": volume.image.reference} if some volume in pod.spec.volumes

images contains {"of": sprintf("volume %s", [volume.name]), "image": ""} if {
	some volume in pod.spec.volumes
	volume.image
	not volume.image.reference
}
