package contract

// files are files, artifacts and transformations, of which there are none.
func files() []request {
	const id = "18ea0000-0000-4000-8000-000000000000"
	return []request{
		{name: "an unknown artifact", path: "/api/artifact/" + id},
		{name: "an artifact whose id is none", path: "/api/artifact/nope"},
		{name: "an artifact on an unknown branch", path: "/api/artifact/" + id + "?branch={{nowhere}}"},
		{name: "the making of an unknown artifact", method: "POST", path: "/api/artifact/generate/" + id, body: `{}`},
		{name: "an unknown transformation in Jinja2", path: "/api/transform/jinja2/nope"},
		{name: "an unknown transformation in Python", path: "/api/transform/python/nope"},
		{name: "an unknown object of the store", path: "/api/storage/object/nope"},
		{name: "an unknown file", path: "/api/storage/files/" + id},
		{name: "a file by an unknown human-friendly id", path: "/api/storage/files/by-hfid/DcimDevice?hfid=nope"},
		{name: "a file by an unknown id of the store", path: "/api/storage/files/by-storage-id/nope"},
		{name: "the old place of files", path: "/api/files/" + id},
		{name: "an upload", path: "/api/storage/upload/content", body: `{"content":"contract"}`, capture: map[string]string{"stored": "identifier"}},
		{name: "what was uploaded", path: "/api/storage/object/{{stored}}"},
		{name: "an upload by nobody", as: nobody, path: "/api/storage/upload/content", body: `{"content":"contract"}`},
		{name: "an upload of nothing", path: "/api/storage/upload/content", body: `{}`},
		{name: "the files of a diff", path: "/api/diff/files?branch={{work}}"},
		{name: "the artifacts of a diff", path: "/api/diff/artifacts?branch={{work}}"},
		{name: "the old place of the diff of data", path: "/api/diff/data?branch={{work}}"},
		{name: "a kind that can hold artifacts", graphql: `{ CoreArtifact { count } CoreArtifactDefinition { count } CoreTransformation { count } }`},
	}
}
