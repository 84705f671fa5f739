package main

import (
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"

	"infrahub-mcp/internal/config"
)

func TestTheDescriptionForTheRegistryFollowsItsSchema(t *testing.T) {
	text := described(t, "server.json")
	validate(t, "server-2025-12-11.schema.json", text)

	var server struct {
		Schema   string `json:"$schema"`
		Packages []struct {
			Type        string `json:"registryType"`
			Identifier  string `json:"identifier"`
			SHA         string `json:"fileSha256"`
			Environment []struct {
				Name     string `json:"name"`
				Required bool   `json:"isRequired"`
				Default  string `json:"default"`
				Secret   bool   `json:"isSecret"`
			} `json:"environmentVariables"`
		} `json:"packages"`
	}
	if err := json.Unmarshal([]byte(text), &server); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(server.Schema, "/2025-12-11/server.schema.json") {
		t.Errorf("it says that its schema is %s", server.Schema)
	}
	got := map[string]string{}
	for _, p := range server.Packages {
		got[p.Type+" "+p.Identifier] = p.SHA
		env := map[string]string{}
		for _, v := range p.Environment {
			env[v.Name] = v.Default
			if v.Required {
				env[v.Name] = "http://placeholder.example"
			}
			if v.Secret != setting(t, v.Name).Secret {
				t.Errorf("%s is said to be secret: %v", v.Name, v.Secret)
			}
		}
		checkEnvironment(t, env)
	}
	bundles := "mcpb https://downloads.example.com/1.2.3/"
	want := map[string]string{
		"oci registry.example.com/infrahub-mcp:1.2.3": "",
		bundles + "darwin-amd64.mcpb":                 strings.Repeat("a", 64),
		bundles + "darwin-arm64.mcpb":                 strings.Repeat("b", 64),
		bundles + "linux-amd64.mcpb":                  strings.Repeat("c", 64),
		bundles + "linux-arm64.mcpb":                  strings.Repeat("d", 64),
		bundles + "windows-amd64.mcpb":                strings.Repeat("e", 64),
		bundles + "windows-arm64.mcpb":                strings.Repeat("f", 64),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestABundleStartsTheProgramThatIsInIt(t *testing.T) {
	r, all := packed(t)
	for i, platform := range []string{"linux", "win32"} {
		content, err := os.ReadFile(filepath.Join(r.Out, all[i].Bundle.Name))
		if err != nil {
			t.Fatal(err)
		}
		files := map[string]found{}
		for _, f := range unzip(t, content) {
			files[f.Name] = f
		}
		text := files["manifest.json"].Content
		validate(t, "mcpb-manifest-v0.3.schema.json", text)

		var manifest struct {
			Version string
			Server  struct {
				EntryPoint string `json:"entry_point"`
				Config     struct {
					Command string
					Env     map[string]string
				} `json:"mcp_config"`
			}
			UserConfig map[string]struct {
				Sensitive bool
				Default   any
			} `json:"user_config"`
			Compatibility struct{ Platforms []string }
		}
		if err := json.Unmarshal([]byte(text), &manifest); err != nil {
			t.Fatal(err)
		}
		start := manifest.Server.EntryPoint
		if program := files[start]; program.Mode != 0o755 || manifest.Server.Config.Command != "${__dirname}/"+start {
			t.Errorf("it starts %s, %s, which is %v", manifest.Server.Config.Command, start, program.Mode)
		}
		if diff := cmp.Diff([]string{platform}, manifest.Compatibility.Platforms); diff != "" || manifest.Version != "1.2.3" {
			t.Errorf("it is version %s for other platforms (-want +got)\n%s", manifest.Version, diff)
		}

		// What the user is asked for is used, each once, and nothing else.
		var asked []string
		env := map[string]string{}
		for name, value := range manifest.Server.Config.Env {
			found := regexp.MustCompile(`^\$\{user_config\.(\w+)\}$`).FindStringSubmatch(value)
			if found == nil {
				t.Fatalf("%s is %q", name, value)
			}
			asked = append(asked, found[1])
			option := manifest.UserConfig[found[1]]
			env[name] = "http://placeholder.example"
			if option.Default == false {
				env[name] = "false"
			}
			if option.Sensitive != setting(t, name).Secret {
				t.Errorf("%s is said to be secret: %v", name, option.Sensitive)
			}
		}
		slices.Sort(asked)
		if diff := cmp.Diff(slices.Sorted(maps.Keys(manifest.UserConfig)), asked); diff != "" {
			t.Errorf("asked for and used (-asked +used)\n%s", diff)
		}
		checkEnvironment(t, env)
	}
}

// TestTheSchemasRefuseWhatIsWrong shows that they are understood.
func TestTheSchemasRefuseWhatIsWrong(t *testing.T) {
	for _, test := range []struct{ name, schema, text, old, new string }{
		{"a checksum in capitals", "server-2025-12-11.schema.json", described(t, "server.json"), strings.Repeat("a", 64), strings.Repeat("A", 64)},
		{"a package of no type", "server-2025-12-11.schema.json", described(t, "server.json"), `"registryType": "oci",`, ""},
		{"a name without a slash", "server-2025-12-11.schema.json", described(t, "server.json"), "com.example/", ""},
		{"an unknown way to start", "mcpb-manifest-v0.3.schema.json", fill(t), `"binary"`, `"go"`},
		{"an unknown platform", "mcpb-manifest-v0.3.schema.json", fill(t), `"linux"`, `"windows"`},
		{"a bill of no format", "cyclonedx-bom-1.6.json", materials(t), `"CycloneDX"`, `"other"`},
		{"a serial number that is none", "cyclonedx-bom-1.6.json", materials(t), `"urn:uuid:`, `"`},
		{"a component of no type", "cyclonedx-bom-1.6.json", materials(t), `"library"`, `"book"`},
		{"an unknown key", "mcpb-manifest-v0.3.schema.json", fill(t), `"license"`, `"licence"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			changed := strings.Replace(test.text, test.old, test.new, 1)
			if changed == test.text {
				t.Fatalf("there is no %q in it", test.old)
			}
			if err := fault(t, test.schema, changed); err == nil {
				t.Error("it is taken")
			}
		})
	}
}

// fill returns the manifest of a bundle for Linux.
func fill(t *testing.T) string {
	t.Helper()
	r, _ := complete(t)
	entries, err := r.bundle(target{"linux", "arm64"}, []entry{{Name: "infrahub-mcp"}})
	if err != nil {
		t.Fatal(err)
	}
	return string(entries[0].Content)
}

// materials returns the bill of materials of a program.
func materials(t *testing.T) string {
	t.Helper()
	r, all := packed(t)
	content, err := os.ReadFile(filepath.Join(r.Out, all[0].Materials.Name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func validate(t *testing.T, schema, text string) {
	t.Helper()
	if err := fault(t, schema, text); err != nil {
		t.Errorf("%v in\n%s", err, text)
	}
}

// fault says what is wrong with a document by one of the schemas in testdata.
func fault(t *testing.T, schema, text string) error {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", schema))
	if err != nil {
		t.Fatal(err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	resolved, err := s.Resolve(&jsonschema.ResolveOptions{Loader: others})
	if err != nil {
		t.Fatal(err)
	}
	var document any
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		return err
	}
	return resolved.Validate(document)
}

// others loads the schemas that one of CycloneDX refers to.
func others(uri *url.URL) (*jsonschema.Schema, error) {
	name := "cyclonedx-" + strings.Replace(path.Base(uri.Path), ".schema.json", ".json", 1)
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		return nil, err
	}
	var s jsonschema.Schema
	return &s, json.Unmarshal(raw, &s)
}

// setting is one that the program knows.
func setting(t *testing.T, name string) *config.Setting {
	t.Helper()
	settings := config.Settings()
	i := slices.IndexFunc(settings, func(s *config.Setting) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("there is no setting %s", name)
	}
	return settings[i]
}

// checkEnvironment lets the program read its settings from an environment.
func checkEnvironment(t *testing.T, env map[string]string) {
	t.Helper()
	if len(env) == 0 {
		t.Error("nothing is set")
	}
	for _, s := range config.Settings() {
		if s.Name != "" {
			t.Setenv(s.Name, "")
		}
	}
	for name, value := range env {
		t.Setenv(name, value)
	}
	if _, warnings, err := config.Load(nil); err != nil || len(warnings) > 0 {
		t.Errorf("%v is not taken: %v, %q", env, err, warnings)
	}
}
