"""The request for a container's successor; that Compose owns it afterwards is tests/compose's."""

from typing import Any

from webserver.deployer.recreate import plan_container, stands_alone

ID = "0123456789abcdef"
OLD: dict[str, Any] = {
    "Id": ID,
    "Config": {
        "Hostname": ID[:12],
        "Image": "rig-ponger",
        "User": "durapy",
        "Cmd": ["durapy", "run"],
        "Env": ["PATH=/bin", "DURAPY_PORT=1"],
        "Labels": {
            "com.docker.compose.project": "rig",
            "com.docker.compose.image": "sha256:old",
            "com.docker.compose.replace": "x",
            "org.opencontainers.image.revision": "old",
            "mine": "1",
        },
        "AttachStdout": True,
        "Volumes": {"/data": {}},
    },
    "HostConfig": {"Binds": ["/a:/b:ro"], "NetworkMode": "rig_default", "Tmpfs": {"/tmp": ""}},  # noqa: S108 (in a container)
    "Mounts": [
        {"Type": "volume", "Name": "anon", "Destination": "/data"},
        {"Type": "bind", "Source": "/a", "Destination": "/b"},
    ],
    "NetworkSettings": {"Networks": {"rig_default": {"Aliases": ["ponger", ID[:12]]}}},
}
IMAGE = {
    "Config": {
        "User": "durapy",
        "Cmd": ["durapy", "run"],
        "Env": ["PATH=/bin"],
        "Labels": {"org.opencontainers.image.revision": "old"},
        "Volumes": {"/data": {}},
    }
}


def plan() -> dict[str, Any]:
    return plan_container(
        OLD, IMAGE, image="rig-ponger:n", image_id="sha256:new", labels={"k": "v"}
    )


def test_what_the_old_image_supplied_is_left_to_the_new_one() -> None:
    planned = plan()

    assert planned["Image"] == "rig-ponger:n"
    assert planned["Env"] == ["DURAPY_PORT=1"]
    assert not {"User", "Cmd", "Hostname", "AttachStdout"} & planned.keys()
    assert planned["Volumes"] == {}


def test_compose_finds_its_labels_and_the_new_image_s_id() -> None:
    assert plan()["Labels"] == {
        "com.docker.compose.project": "rig",
        "com.docker.compose.image": "sha256:new",
        "mine": "1",
        "k": "v",
    }


def test_anonymous_volumes_stay_with_the_service() -> None:
    assert plan()["HostConfig"]["Binds"] == ["/a:/b:ro", "anon:/data"]


def test_the_old_container_s_own_name_is_no_alias_of_the_new_one() -> None:
    networks = plan()["NetworkingConfig"]["EndpointsConfig"]

    assert networks["rig_default"]["Aliases"] == ["ponger"]


def test_the_old_description_is_not_changed() -> None:
    plan()

    assert OLD["Config"]["Labels"]["com.docker.compose.image"] == "sha256:old"


def test_a_published_port_or_a_fixed_address_lets_no_second_one_stand_beside() -> None:
    port = {**OLD, "HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "80"}]}}}
    fixed = {"NetworkSettings": {"Networks": {"n": {"IPAMConfig": {"IPv4Address": "10.0.0.2"}}}}}

    assert not stands_alone(OLD)
    assert stands_alone(port)
    assert stands_alone({**OLD, **fixed})


def test_a_container_without_a_network_of_its_own_is_given_none() -> None:
    planned = plan_container(
        {**OLD, "HostConfig": {"NetworkMode": "none"}}, {}, image="i", image_id="x", labels={}
    )

    assert planned["NetworkingConfig"]["EndpointsConfig"] == {}
