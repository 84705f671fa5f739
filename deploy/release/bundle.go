package main

// bundle is the content of an MCP bundle: a ZIP file of the extension .mcpb with
// a manifest, which clients install with a click. The program comes first in
// contents. One bundle holds the program for one target, because a manifest can
// tell operating systems apart, and not architectures.
func (r *release) bundle(t target, contents []entry) ([]entry, error) {
	text, err := r.fill("deploy/mcp/manifest.json.tmpl", manifest{r, t.program(), t.platform()})
	if err != nil {
		return nil, err
	}
	entries := []entry{{Name: "manifest.json", Content: text}}
	entries = append(entries, within("server", contents[:1])...)
	return append(entries, contents[1:]...), nil
}

// manifest is what the template of a bundle's manifest is filled with.
type manifest struct {
	*release
	Program  string
	Platform string
}

// platform is the operating system as Node.js names it, and bundles do.
func (t target) platform() string {
	if t.OS == "windows" {
		return "win32"
	}
	return t.OS
}
