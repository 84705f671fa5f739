"""Infrahub's Python SDK against an Infrahub with the demo model and 40 devices.

Each flow uses the SDK as its documentation shows and checks what comes back.
INFRAHUB_ADDRESS and INFRAHUB_API_TOKEN say where Infrahub is. Exit status 0 only
if every flow gave what it should. What the flows change stays changed: they are
for a sandbox that is thrown away.
"""

import asyncio
import os
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import infrahub_sdk
from infrahub_sdk import Config, InfrahubClient, InfrahubClientSync
from infrahub_sdk.context import ContextAccount, RequestContext
from infrahub_sdk.exceptions import (
    BranchNotFoundError,
    GraphQLError,
    NodeNotFoundError,
    SchemaNotFoundError,
)
from infrahub_sdk.timestamp import Timestamp

Run = Callable[[InfrahubClientSync], None]


@dataclass(frozen=True)
class Flow:
    run: Run
    # What is known to fail: words of the error. Empty for a flow that has to work.
    missing: str = ""

    @property
    def name(self) -> str:
        return self.run.__name__

    def play(self) -> tuple[str, str]:
        """Returns a verdict and, unless that is ok, the reason."""
        try:
            self.run(InfrahubClientSync())
        except Exception as error:
            if self.missing and self.missing in str(error):
                return "known", self.missing
            return "FAILED", traceback.format_exc(limit=-4)
        if self.missing:
            return "FAILED", f"it works: take missing={self.missing!r} away"
        return "ok", ""


FLOWS: list[Flow] = []


def flow(run: Run | None = None, *, missing: str = "") -> Callable:
    """Adds a function to the flows."""

    def add(run: Run) -> Run:
        FLOWS.append(Flow(run, missing))
        return run

    return add(run) if run else add


def same(what: str, want: object, got: object) -> None:
    if want != got:
        raise AssertionError(f"{what}\n  want {want!r}\n  got  {got!r}")


@contextmanager
def refused(error: type[Exception], words: str) -> Iterator[None]:
    try:
        yield
    except error as caught:
        if words not in str(caught):
            raise AssertionError(f"the error does not say {words!r}: {caught}") from caught
    else:
        raise AssertionError(f"there was no {error.__name__}")


def names(nodes: list) -> list[str]:
    return [node.name.value for node in nodes]


# Reading


@flow
def says_who_and_what_it_is(client: InfrahubClientSync) -> None:
    same("version", "1.11.9", client.get_version())
    same("account", "Admin", client.get_user()["AccountProfile"]["display_label"])


@flow
def tells_what_one_may_do(client: InfrahubClientSync) -> None:
    same("permissions", {"Super Administrators": ["global:super_admin:allow_all"]}, client.get_user_permissions())


@flow
def reads_the_schema(client: InfrahubClientSync) -> None:
    kinds = client.schema.all()
    same("kinds", True, {"DcimDevice", "DcimInterface", "LocationGeneric", "CoreAccount"} <= set(kinds))
    device = client.schema.get("DcimDevice")
    same("mandatory fields", ["name", "role", "site"], sorted(device.mandatory_input_names))
    same("human-friendly id", ["name__value"], device.human_friendly_id)
    same("choices", 4, len(device.get_attribute("status").choices))
    same("peer", "LocationSite", device.get_relationship("site").peer)
    same("in sync", True, client.schema.in_sync())
    same("SDL", True, "type DcimDevice" in client.schema.get_graphql_schema())
    same("export", True, "Dcim" in client.schema.export().namespaces)
    with refused(SchemaNotFoundError, "DcimToaster"):
        client.schema.get("DcimToaster")


@flow
def reads_all_nodes_of_a_kind(client: InfrahubClientSync) -> None:
    devices = client.all("DcimDevice")
    same("devices", 40, len(devices))
    same("order", sorted(names(devices)), names(devices))
    same("count", 40, client.count("DcimDevice"))
    same("interfaces of the generic kind", 200, len(client.all("DcimInterface")))
    same("kinds behind the generic", {"DcimPhysicalInterface", "DcimVirtualInterface"}, {i.typename for i in client.all("DcimInterface")})


@flow
def reads_in_pages_and_in_parallel(client: InfrahubClientSync) -> None:
    want = sorted(names(client.all("DcimDevice")))
    small = InfrahubClientSync(config=Config(address=client.address, api_token=client.config.api_token, pagination_size=7))
    same("pages of 7", want, names(small.all("DcimDevice")))
    same("pages of 7 in parallel", want, sorted(names(small.all("DcimDevice", parallel=True))))
    same("one page", want[3:8], names(client.all("DcimDevice", offset=3, limit=5)))


@flow
def gets_one_node(client: InfrahubClientSync) -> None:
    by_hfid = client.get("DcimDevice", hfid=["ams1-leaf005"])
    by_id = client.get("DcimDevice", id=by_hfid.id)
    by_filter = client.get("DcimDevice", serial__value="SN000005")
    same("the same node", 1, len({n.id for n in (by_hfid, by_id, by_filter)}))
    same("values", ("ams1-leaf005", "drained", "leaf", 6), (by_id.name.value, by_id.status.value, by_id.role.value, by_id.rack_position.value))
    same("JSON and list", ({"os": "4.31", "uptime_days": 5, "modules": ["a", "b"]}, ["192.0.2.1", "192.0.2.2"]), (by_id.facts.value, by_id.ntp_servers.value))
    same("computed", "ams1-leaf005.net.example", by_id.fqdn.value)
    same(
        "label and hfid",
        ("ams1-leaf005", ["ams1-leaf005"], "DcimDevice__ams1-leaf005"),
        (by_id.display_label, by_id.hfid, by_id.get_human_friendly_id_as_string(include_kind=True)),
    )
    same("two-part hfid", "Ethernet2", client.get("DcimPhysicalInterface", hfid=["ams1-leaf005", "Ethernet2"]).name.value)
    same("absent", None, client.get("DcimDevice", name__value="nobody", raise_when_missing=False))
    with refused(NodeNotFoundError, "nobody"):
        client.get("DcimDevice", name__value="nobody")


@flow
def filters(client: InfrahubClientSync) -> None:
    for want, arguments in [
        (0, {"name__value": "nobody"}),
        (3, {"site__name__value": "ams1", "role__value": "leaf"}),
        (2, {"name__values": ["ams1-leaf005", "par1-leaf004"]}),
        (12, {"name__value": "leaf", "partial_match": True}),
        (1, {"any__value": "SN000007"}),
        (10, {"site__name__value": "par1"}),
        (40, {"primary_address__isnull": True}),
        (27, {"tags__name__value": "blue"}),
    ]:
        same(f"devices with {arguments}", want, len(client.filters("DcimDevice", **arguments)))
    same("hierarchy", 2, len(client.filters("LocationRack", parent__name__value="par1")))


@flow
def follows_relationships(client: InfrahubClientSync) -> None:
    device = client.get("DcimDevice", hfid=["ams1-leaf005"], include=["interfaces", "tags"], prefetch_relationships=True)
    same("peer", "ams1", device.site.peer.name.value)
    same("interfaces", 5, len(device.interfaces.peers))
    same("interface", {"Ethernet1", "Ethernet2", "Ethernet3", "Ethernet4", "Loopback0"}, {peer.peer.name.value for peer in device.interfaces.peers})
    device = client.get("DcimDevice", hfid=["ams1-leaf005"])
    device.site.fetch()
    same("fetched peer", "Amsterdam", device.site.peer.city.value)
    device.tags.fetch()
    same("fetched peers", 2, len(device.tags.peers))
    same("flat value", "ams1", device.get_flat_value("site__name__value"))
    site = client.get("LocationSite", hfid=["ams1"], include=["parent", "children", "ancestors", "descendants"])
    same("parent", "eu-west", site.parent.display_label)
    same("children", 2, len(site.children.peers))


@flow
def reads_metadata_and_properties(client: InfrahubClientSync) -> None:
    device = client.get("DcimDevice", hfid=["ams1-leaf005"], property=True, include_metadata=True)
    same("property", False, device.name.is_protected)
    same("metadata", True, device.get_node_metadata().created_at is not None)


@flow
def reads_the_past(client: InfrahubClientSync) -> None:
    before = client.create("BuiltinTag", name="late")
    before.save()
    then = Timestamp()
    before.description.value = "changed since"
    before.save()
    same("now", "changed since", client.get("BuiltinTag", hfid=["late"]).description.value)
    same("then", None, client.get("BuiltinTag", hfid=["late"], at=then).description.value)


@flow
def runs_graphql(client: InfrahubClientSync) -> None:
    query = "query ($name: String!) { DcimDevice(name__value: $name) { count edges { node { id site { node { display_label } } } } } }"
    answer = client.execute_graphql(query, variables={"name": "ams1-leaf005"})
    same("peer", "ams1", answer["DcimDevice"]["edges"][0]["node"]["site"]["node"]["display_label"])
    with refused(GraphQLError, "Cannot query field 'toaster'"):
        client.execute_graphql("{ DcimDevice { toaster } }")


@flow
def finds_paths(client: InfrahubClientSync) -> None:
    source, target = (client.get("DcimDevice", hfid=[name]) for name in ("ams1-leaf037", "par1-leaf036"))
    found = client.traverse_paths(source.id, target.id, max_depth=4, kind_filter=["DcimPhysicalInterface", "DcimCable"])
    same("paths", 1, len(found.paths))
    same("hops", 4, found.paths[0].depth)
    same("exists", True, client.path_exists(source.id, target.id))
    same("reachable", True, len(client.reachable_nodes(source.id, target_kinds=["DcimCable"]).dependencies) > 0)


# Writing


@flow
def creates_updates_and_deletes(client: InfrahubClientSync) -> None:
    tag = client.create("BuiltinTag", name="amber", description="Not yet")
    tag.save()
    same("saved", ("amber", "Not yet"), (tag.name.value, client.get("BuiltinTag", id=tag.id).description.value))
    tag.description.value = "Now"
    tag.save()
    same("updated", "Now", client.get("BuiltinTag", id=tag.id).description.value)
    again = client.create("BuiltinTag", name="amber", description="Again")
    again.save(allow_upsert=True)
    same("upserted", (tag.id, "Again"), (again.id, client.get("BuiltinTag", id=tag.id).description.value))
    with refused(GraphQLError, "amber"):
        client.create("BuiltinTag", name="amber").save()
    tag.delete()
    same("deleted", None, client.get("BuiltinTag", id=tag.id, raise_when_missing=False))
    other = client.create("BuiltinTag", name="beige")
    other.save()
    client.delete("BuiltinTag", id=other.id)
    same("deleted by id", 0, client.count("BuiltinTag", name__value="beige"))


@flow
def writes_relationships(client: InfrahubClientSync) -> None:
    site, tags = client.get("LocationSite", hfid=["par1"]), client.all("BuiltinTag", limit=2)
    device = client.create(
        "DcimDevice", name="par1-edge901", role="edge", site=site, platform={"hfid": ["EOS"]}, tags=tags,
        facts={"a": [1, 2.5, None]}, ntp_servers=["192.0.2.9"], console_password="not a secret",
    )  # fmt: skip
    device.save()
    got = client.get("DcimDevice", id=device.id, include=["tags"])
    same("one, by node and by hfid", ("par1", "EOS"), (got.site.display_label, got.platform.display_label))
    same("many", {tag.id for tag in tags}, set(got.tags.peer_ids))
    same("JSON", {"a": [1, 2.5, None]}, got.facts.value)
    same("computed and default", ("par1-edge901.net.example", "provisioning"), (got.fqdn.value, got.status.value))

    got.tags.remove(tags[0].id)
    got.platform = client.get("DcimPlatform", hfid=["JunOS"])
    got.save()
    got = client.get("DcimDevice", id=device.id, include=["tags"])
    same("after the update", ([tags[1].id], "JunOS"), (got.tags.peer_ids, got.platform.display_label))
    got.add_relationships(relation_to_update="tags", related_nodes=[tags[0].id])
    same("added", 2, len(client.get("DcimDevice", id=device.id, include=["tags"]).tags.peer_ids))
    got.remove_relationships(relation_to_update="tags", related_nodes=[tags[1].id])
    same("removed", [tags[0].id], client.get("DcimDevice", id=device.id, include=["tags"]).tags.peer_ids)
    port = client.create("DcimPhysicalInterface", name="Ethernet1", device=device.id)
    port.save()
    same("component", ["par1-edge901", "Ethernet1"], client.get("DcimPhysicalInterface", id=port.id).hfid)
    device.delete()
    same("deleted with its device", None, client.get("DcimPhysicalInterface", id=port.id, raise_when_missing=False))


@flow
def is_told_what_is_wrong(client: InfrahubClientSync) -> None:
    site = client.get("LocationSite", hfid=["par1"])
    for words, data in [
        ("role", {"name": "x1", "site": site}),
        ("must conform with the regex", {"name": "Not A Name", "role": "leaf", "site": site}),
        ("must be one of", {"name": "x2", "role": "toaster", "site": site}),
    ]:
        try:
            client.create("DcimDevice", **data).save()
        except GraphQLError as error:
            same(f"{words!r} in {error}", True, words in str(error))
        except ValueError as error:  # the SDK checks what is mandatory itself
            same(f"{words!r} in {error}", True, words in str(error))
        else:
            raise AssertionError(f"{data} was accepted")


@flow
def writes_batches(client: InfrahubClientSync) -> None:
    batch = client.create_batch()
    for i in range(20):
        tag = client.create("BuiltinTag", name=f"batch-{i:02}")
        batch.add(task=tag.save, node=tag)
    same("created", 20, len([node.id for node, _ in batch.execute() if node.id]))
    same("there", 20, client.count("BuiltinTag", name__value="batch-", partial_match=True))
    batch = client.create_batch(return_exceptions=True)
    for tag in client.filters("BuiltinTag", name__value="batch-", partial_match=True):
        batch.add(task=tag.delete, node=tag)
    same("deleted without an error", [], [result for _, result in batch.execute() if isinstance(result, Exception)])
    same("gone", 0, client.count("BuiltinTag", name__value="batch-", partial_match=True))


@flow
def works_on_branches(client: InfrahubClientSync) -> None:
    branch = client.branch.create("sdk-trial", description="a trial", sync_with_git=False)
    same("branch", ("sdk-trial", "a trial", False), (branch.name, branch.description, branch.is_default))
    same("listed", {"main", "sdk-trial"}, set(client.branch.all()) & {"main", "sdk-trial"})

    device = client.get("DcimDevice", hfid=["par1-spine000"], branch="sdk-trial")
    same("before", "active", device.status.value)
    device.status.value = "maintenance"
    device.save()
    client.create("BuiltinTag", branch="sdk-trial", name="trial").save()
    client.get("DcimCable", hfid=["C-0000"], branch="sdk-trial").delete()
    same("on the branch", "maintenance", client.get("DcimDevice", hfid=["par1-spine000"], branch="sdk-trial").status.value)
    same("on main", "active", client.get("DcimDevice", hfid=["par1-spine000"]).status.value)
    same("clone", "maintenance", client.clone(branch="sdk-trial").get("DcimDevice", hfid=["par1-spine000"]).status.value)

    client.execute_graphql('mutation { DiffUpdate(data: {branch: "sdk-trial", wait_for_completion: true}) { ok } }')
    tree = client.get_diff_tree("sdk-trial")
    same("diff", (1, 1, 0), (tree["num_added"], tree["num_removed"], tree["num_conflicts"]))
    changed = [node["display_label"] for node in tree["nodes"] if (node["kind"], node["action"]) == ("DcimDevice", "UPDATED")]
    same("changed devices", ["par1-spine000"], changed)
    summary = {(n["kind"], n["action"]) for n in client.get_diff_summary("sdk-trial")}
    same("summary", True, {("DcimDevice", "UPDATED"), ("BuiltinTag", "ADDED"), ("DcimCable", "REMOVED")} <= summary)

    same("rebased", True, client.branch.rebase("sdk-trial"))
    same("merged", True, client.branch.merge("sdk-trial"))
    same("on main after the merge", "maintenance", client.get("DcimDevice", hfid=["par1-spine000"]).status.value)
    same("gone from main after the merge", 0, client.count("DcimCable", label__value="C-0000"))
    same("deleted", True, client.branch.delete("sdk-trial"))
    with refused(BranchNotFoundError, "sdk-trial"):
        client.branch.get("sdk-trial")


@flow
def proposes_changes(client: InfrahubClientSync) -> None:
    client.branch.create("sdk-proposal", sync_with_git=False)
    client.create("BuiltinTag", branch="sdk-proposal", name="proposed").save()
    proposal = client.create("CoreProposedChange", name="A tag", source_branch="sdk-proposal", destination_branch="main")
    proposal.save()
    same("state", "open", client.get("CoreProposedChange", id=proposal.id).state.value)
    proposal.state.value = "merged"
    proposal.save()
    same("merged", "merged", client.get("CoreProposedChange", id=proposal.id).state.value)
    same("on main", 1, client.count("BuiltinTag", name__value="proposed"))


@flow
def changes_the_schema(client: InfrahubClientSync) -> None:
    extra = {
        "version": "1.0",
        "nodes": [
            {"name": "Toaster", "namespace": "Dcim", "attributes": [{"name": "name", "kind": "Text", "unique": True}], "human_friendly_id": ["name__value"]}
        ],
    }
    valid, difference = client.schema.check(schemas=[extra])
    same("check", (True, ["DcimToaster"]), (valid, list(difference["diff"]["added"])))
    loaded = client.schema.load(schemas=[extra], wait_until_converged=True)
    same("load", ({}, True), (loaded.errors, loaded.schema_updated))
    same("load again", False, client.schema.load(schemas=[extra]).schema_updated)
    client.create("DcimToaster", name="t1").save()
    same("a node of it", ["t1"], names(client.all("DcimToaster")))
    refusal = client.schema.load(schemas=[{"version": "1.0", "nodes": [{"name": "Bad", "namespace": "Dcim", "attributes": [{"name": "x", "kind": "Nope"}]}]}])
    same("refused", True, bool(refusal.errors))


@flow(missing="The sandbox does not answer 'SchemaDropdownAdd'")
def adds_choices(client: InfrahubClientSync) -> None:
    client.schema.add_dropdown_option(kind="DcimDevice", attribute="status", option="retired", label="Retired")
    same("choice", True, "retired" in {c["name"] for c in client.schema.get("DcimDevice", refresh=True).get_attribute("status").choices})
    client.schema.remove_dropdown_option(kind="DcimDevice", attribute="status", option="retired")


@flow
def allocates_from_pools(client: InfrahubClientSync) -> None:
    prefix = client.get("IpamIPPrefix", prefix__value="192.0.2.0/24")
    pool = client.create(
        "CoreIPAddressPool", name="trial", default_address_type="IpamIPAddress", default_prefix_length=32,
        resources=[prefix], ip_namespace={"hfid": ["default"]},
    )  # fmt: skip
    pool.save()
    first = client.allocate_next_ip_address(resource_pool=pool, identifier="one")
    again = client.allocate_next_ip_address(resource_pool=pool, identifier="one")
    second = client.allocate_next_ip_address(resource_pool=pool, identifier="two")
    same("the same address for the same identifier", first.id, again.id)
    same("another one", True, first.id != second.id)
    same("inside", "192.0.2.", str(second.address.value)[:8])
    device = client.get("DcimDevice", hfid=["par1-leaf004"])
    device.primary_address = pool
    device.save()
    same("by a relationship", True, client.get("DcimDevice", hfid=["par1-leaf004"]).primary_address.id is not None)
    same("utilization", 3, len(pool.get_pool_allocated_resources(prefix)))


@flow
def stores_queries_and_objects(client: InfrahubClientSync) -> None:
    query = client.create(
        "CoreGraphQLQuery", name="sites", query="query ($name: String) { LocationSite(name__value: $name) { count edges { node { display_label } } } }"
    )
    query.save()
    same("stored query", 1, client.query_gql_query("sites", variables={"name": "par1"})["data"]["LocationSite"]["count"])
    stored = client.object_store.upload(content="kept")
    same("object", "kept", client.object_store.get(stored["identifier"]))


@flow
def groups_nodes(client: InfrahubClientSync) -> None:
    devices = client.filters("DcimDevice", role__value="spine")
    group = client.create("CoreStandardGroup", name="spines", members=[d.id for d in devices])
    group.save()
    same("members", len(devices), len(client.get("CoreStandardGroup", hfid=["spines"], include=["members"]).members.peer_ids))
    with client.start_tracking(identifier="trial", delete_unused_nodes=True) as tracked:
        tracked.create("BuiltinTag", name="tracked").save(allow_upsert=True)
    same("tracked", 1, client.count("BuiltinTag", name__value="tracked"))
    with client.start_tracking(identifier="trial", delete_unused_nodes=True) as tracked:
        tracked.create("BuiltinTag", name="other").save(allow_upsert=True)
    same("no longer tracked", (0, 1), (client.count("BuiltinTag", name__value="tracked"), client.count("BuiltinTag", name__value="other")))


@flow
def lists_tasks(client: InfrahubClientSync) -> None:
    client.branch.create("sdk-tasks", sync_with_git=False)
    same("tasks", True, client.task.count() > 0)
    same("one", True, any("sdk-tasks" in task.title for task in client.task.all(limit=20)))
    client.branch.delete("sdk-tasks")


@flow
def waits_for_what_runs_in_the_background(client: InfrahubClientSync) -> None:
    task = client.branch.create("sdk-background", sync_with_git=False, wait_until_completion=False)
    same("state", "COMPLETED", client.task.wait_for_completion(id=task).state.value)
    same("branch", "sdk-background", client.branch.get("sdk-background").name)
    client.branch.delete("sdk-background")


@flow
def finds_conflicts(client: InfrahubClientSync) -> None:
    client.branch.create("sdk-conflict", sync_with_git=False)
    for branch, text in [("sdk-conflict", "there"), ("main", "here")]:
        tag = client.get("BuiltinTag", hfid=["red"], branch=branch)
        tag.description.value = text
        tag.save()
    client.execute_graphql('mutation { DiffUpdate(data: {branch: "sdk-conflict", wait_for_completion: true}) { ok } }')
    same("conflicts", 1, client.get_diff_tree("sdk-conflict")["num_conflicts"])
    with refused(GraphQLError, "conflict"):
        client.branch.merge("sdk-conflict")
    client.branch.delete("sdk-conflict")


@flow
def applies_profiles(client: InfrahubClientSync) -> None:
    profile = client.create("ProfileDcimPhysicalInterface", profile_name="trial", profile_priority=10, mtu=4000)
    profile.save()
    port = client.create("DcimPhysicalInterface", name="Ethernet9", device={"hfid": ["par1-leaf004"]}, profiles=[profile])
    port.save()
    got = client.get("DcimPhysicalInterface", id=port.id, property=True)
    same("of the profile", (4000, True), (got.mtu.value, got.mtu.is_from_profile))


@flow
def allocates_numbers(client: InfrahubClientSync) -> None:
    pool = client.create("CoreNumberPool", name="vlans", node="IpamVLAN", node_attribute="vlan_id", start_range=2000, end_range=2010)
    pool.save()
    vlan = client.create("IpamVLAN", name="pooled", vlan_id=pool)
    vlan.save()
    same("number", 2000, client.get("IpamVLAN", hfid=["pooled"]).vlan_id.value)


@flow
def converts_nodes(client: InfrahubClientSync) -> None:
    port = client.get("DcimVirtualInterface", hfid=["par1-leaf020", "Loopback0"])
    got = client.convert_object_type(node_id=port.id, target_kind="DcimPhysicalInterface", branch="main")
    same("kind", "DcimPhysicalInterface", got.typename)


@flow
def reports_on_queries(client: InfrahubClientSync) -> None:
    answer = client.execute_graphql('{ InfrahubGraphQLQueryReport(query: "{ BuiltinTag { count } }") { targets_unique_nodes } }')
    same("report", {"InfrahubGraphQLQueryReport": {"targets_unique_nodes": False}}, answer)


@flow
def sets_who_owns_and_who_wrote(client: InfrahubClientSync) -> None:
    engineer = client.get("CoreAccount", name__value="engineer")
    tag = client.create("BuiltinTag", name={"value": "owned", "owner": engineer.id, "is_protected": True})
    tag.save(request_context=RequestContext(account=ContextAccount(id=engineer.id)))
    got = client.get("BuiltinTag", id=tag.id, property=True, include_metadata=True)
    same("owner", ("Engineer", True), (got.name.owner.display_label, got.name.is_protected))
    same("author", "Engineer", got.get_node_metadata().created_by.display_label)


@flow
def logs_in_with_a_password(client: InfrahubClientSync) -> None:
    other = InfrahubClientSync(config=Config(address=client.address, username="admin", password="infrahub"))
    same("count", 40, other.count("DcimDevice"))
    other.login()
    other.login(refresh=True)
    same("count after renewal", 40, other.count("DcimDevice"))


@flow
def works_asynchronously(client: InfrahubClientSync) -> None:
    async def run() -> None:
        parallel = InfrahubClient(config=Config(address=client.address, api_token=client.config.api_token, pagination_size=9))
        same("devices", 40, len(await parallel.all("DcimDevice", parallel=True)))
        batch = await parallel.create_batch()
        for i in range(30):
            tag = await parallel.create("BuiltinTag", name=f"async-{i:02}")
            batch.add(task=tag.save, node=tag)
        same("created", 30, len([node async for node, _ in batch.execute()]))
        same("there", 30, await parallel.count("BuiltinTag", name__value="async-", partial_match=True))

    asyncio.run(run())


def main() -> int:
    for name in ("INFRAHUB_ADDRESS", "INFRAHUB_API_TOKEN"):
        if not os.environ.get(name):  # the SDK would go to localhost:8000
            print(f"{name} is not set")
            return 2
    only = sys.argv[1:]
    verdicts: Counter[str] = Counter()
    for each in FLOWS:
        if only and each.name not in only:
            continue
        verdict, reason = each.play()
        verdicts[verdict] += 1
        print(f"{verdict:6} {each.name}{': ' if reason else ''}{reason}")
    print(f"Python SDK {infrahub_sdk.__version__}: {verdicts['ok']} flows ok, {verdicts['FAILED']} failed, {verdicts['known']} known to fail")
    return int(verdicts["FAILED"] > 0 or not verdicts)


if __name__ == "__main__":
    sys.exit(main())
