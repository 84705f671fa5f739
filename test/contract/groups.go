package contract

// groups returns the suite in the order in which it is sent. Later groups use
// what earlier ones captured.
func groups() []group {
	return []group{
		{name: "known", requests: known()},
		{name: "server", requests: server(), independent: true},
		{name: "login", requests: logins()},
		{name: "anonymous", requests: anonymous(), independent: true},
		{name: "schema", requests: schema(), independent: true},
		{name: "filters", requests: filters(), independent: true},
		{name: "orders", requests: orders(), independent: true},
		{name: "shapes", requests: shapes(), independent: true},
		{name: "tools", requests: tools(), independent: true},
		{name: "introspection", requests: introspection(), independent: true},
		{name: "mistakes", requests: mistakes(), independent: true},
		{name: "times", requests: times(), independent: true},
		{name: "branches", requests: branches()},
		{name: "creates", requests: creates()},
		{name: "refusals", requests: refusals()},
		{name: "updates", requests: updates()},
		{name: "upserts", requests: upserts()},
		{name: "relations", requests: relations()},
		{name: "documents", requests: documents()},
		{name: "accounts", requests: accounts()},
		{name: "lookups", requests: lookups(), independent: true},
		{name: "pools", requests: pools()},
		{name: "deletes", requests: deletes()},
		{name: "queries", requests: queries()},
		{name: "files", requests: files()},
		{name: "diffs", requests: diffs()},
		{name: "proposals", requests: proposals()},
		{name: "background", requests: background()},
		{name: "loads", requests: loads()},
		{name: "merges", requests: merges()},
	}
}
