package graph

import (
	"slices"

	"infrahub-mcp/internal/infrahub/schema"
)

// rule is an entry of a table of the policy: a refusal with its reason, or for
// an operation with a verb a permission.
type rule struct {
	verb string
	// because is the end of the sentence "… is refused: …".
	because string
	// instead says what to do, as a sentence. It may be empty.
	instead string
}

const (
	throughReview  = "Use propose_changes; a person reviews and merges in Infrahub."
	byAnOperator   = "An operator does this in Infrahub."
	throughUpserts = "Change the data itself with node_upsert."
)

// operationRules lists every mutation that is not one of a kind: those of
// Infrahub 1.9 to 1.11. What is not listed is refused as unknown.
func operationRules() map[string]rule {
	branches := rule{because: "branches are made, merged and removed by this server and by people", instead: "Use reset_session_branch for a fresh branch, propose_changes to hand over the work."}
	proposals := rule{because: "proposed changes are merged, reviewed and checked by people", instead: throughReview}
	schemas := rule{because: "it changes the schema", instead: byAnOperator}
	accounts := rule{because: "it concerns accounts and their tokens", instead: byAnOperator}
	repositories := rule{because: "it concerns repositories", instead: byAnOperator}
	automation := rule{because: "it runs code or background work", instead: byAnOperator}
	recompute := rule{because: "the value is computed by Infrahub", instead: throughUpserts}
	return map[string]rule{
		"RelationshipAdd":    {verb: "Add"},
		"RelationshipRemove": {verb: "Remove"},

		"InfrahubIPAddressPoolGetResource": {verb: "Allocate"},
		"InfrahubIPPrefixPoolGetResource":  {verb: "Allocate"},
		"IPAddressPoolGetResource":         {verb: "Allocate"}, // its name before 1.1
		"IPPrefixPoolGetResource":          {verb: "Allocate"},

		"BranchCreate": branches, "BranchDelete": branches, "BranchUpdate": branches, "BranchValidate": branches,
		"BranchMerge":  {because: "it merges past review", instead: throughReview},
		"BranchRebase": {because: "it rewrites a branch, and can damage the default branch", instead: "Use reset_session_branch for a fresh branch that starts from now."},

		"CoreProposedChangeMerge":                  {because: "it merges past review", instead: throughReview},
		"CoreProposedChangeReview":                 proposals,
		"CoreProposedChangeRunCheck":               proposals,
		"CoreProposedChangeCheckForApprovalRevoke": proposals,

		"DiffUpdate":          {because: "this server does it by itself", instead: "Use get_branch_diff."},
		"ResolveDiffConflict": {because: "conflicts are resolved by people", instead: throughReview},

		"SchemaDropdownAdd": schemas, "SchemaDropdownRemove": schemas, "SchemaEnumAdd": schemas, "SchemaEnumRemove": schemas,

		"InfrahubAccountTokenCreate": accounts, "InfrahubAccountTokenDelete": accounts, "InfrahubAccountSelfUpdate": accounts,
		"InfrahubSetPreferences": accounts,

		"InfrahubReadOnlyRepositoryImportLastCommit": repositories, "InfrahubRepositoryProcess": repositories,
		"InfrahubRepositoryConnectivity": repositories,

		"CoreGeneratorDefinitionRun": automation, "InfrahubTaskCancel": automation, "InfrahubTaskRetry": automation,
		"InfrahubProfilesRefresh": automation, "InfrahubRecomputeComputedAttribute": automation,

		"InfrahubUpdateComputedAttribute": recompute, "InfrahubUpdateDisplayLabel": recompute, "InfrahubUpdateHFID": recompute,

		"ConvertObjectType": {because: "it replaces a node by another with a new id", instead: "Create the new node and delete the old one."},
	}
}

// kindRule returns why nodes of a kind may not be written, nil when its branch
// support alone decides.
func kindRule(k *schema.Kind) *rule {
	for _, name := range append([]string{k.Name}, k.InheritFrom...) {
		if r, listed := guardedKinds()[name]; listed {
			return &r
		}
	}
	// Kinds that serve Infrahub itself are written only where it is known that
	// they are plain data.
	switch k.Namespace {
	case "Core":
		if !slices.Contains(plainCoreKinds(), k.Name) {
			return &rule{because: "it is not among the kinds of Infrahub itself that this server knows to be plain data", instead: byAnOperator}
		}
	case "Internal", "Schema", "Account", "Lineage":
		return &rule{because: "the kind serves Infrahub itself", instead: byAnOperator}
	}
	return nil
}

// writtenByInfrahub is the rule of kinds that hold results: of checks, of
// generators, of transformations.
func writtenByInfrahub() rule { return rule{because: "Infrahub itself writes it"} }

// plainCoreKinds are the kinds of the namespace Core that are data of users:
// groups, stored queries, the menu.
func plainCoreKinds() []string {
	return []string{"CoreStandardGroup", "CoreGeneratorAwareGroup", "CoreGraphQLQuery", "CoreMenuItem"}
}

// guardedKinds are kinds and generics whose nodes steer Infrahub. A kind that
// implements one of them is guarded too.
func guardedKinds() map[string]rule {
	accounts := rule{because: "it concerns accounts, roles and permissions", instead: byAnOperator}
	proposals := rule{because: "proposed changes are opened by propose_changes, and discussed and merged by people", instead: throughReview}
	repositories := rule{because: "it concerns repositories and credentials", instead: byAnOperator}
	automation := rule{because: "it makes Infrahub run code or call other systems", instead: byAnOperator}
	pools := rule{because: "pools are shared by all branches", instead: "Take from a pool with from_pool; " + "an operator makes and changes pools in Infrahub."}
	results := writtenByInfrahub()
	return map[string]rule{
		"CoreAccount": accounts, "CoreGenericAccount": accounts, "CoreAccountGroup": accounts, "CoreAccountRole": accounts,
		"CoreBasePermission": accounts, "CoreGlobalPermission": accounts, "CoreObjectPermission": accounts,
		"CoreUserPreferences": accounts,

		"CoreProposedChange": proposals, "CoreThread": proposals, "CoreComment": proposals,

		"CoreGenericRepository": repositories, "CoreCredential": repositories, "CorePasswordCredential": repositories,
		"CoreKeyValue": repositories,

		"CoreWebhook": automation, "CoreAction": automation, "CoreTriggerRule": automation, "CoreNodeTriggerMatch": automation,
		"CoreTransformation": automation, "CoreCheckDefinition": automation, "CoreGeneratorDefinition": automation,
		"CoreArtifactDefinition": automation,

		"CoreResourcePool": pools, "CoreIPPool": pools,

		"CoreCheck": results, "CoreValidator": results, "CoreArtifact": results, "CoreGeneratorInstance": results,
		"CoreGeneratorGroup": results, "CoreGraphQLQueryGroup": results, "CoreRepositoryGroup": results,
		"CoreFileObject": {because: "files are uploaded, not written as data", instead: byAnOperator},
	}
}
