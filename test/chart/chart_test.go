// Package chart tests the Helm chart of deploy/helm with Helm itself: what it
// makes of three sets of values, and what it refuses; and with kubectl-validate,
// whether the oldest Kubernetes that the chart is for would take that. HELM,
// KUBEVALIDATE and CRDS name the programs and a folder of definitions; without
// them the tests are skipped.
package chart

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"infrahub-mcp/internal/config"
)

const (
	chart      = "../../deploy/helm/infrahub-mcp"
	kubernetes = "--kube-version=1.34.0"
	oldest     = "1.25" // as kubeVersion in Chart.yaml
)

var update = flag.Bool("update", false, "write what the chart makes of each set of values")

func TestTheChartMakesWhatItMadeBefore(t *testing.T) {
	for _, name := range sets(t) {
		t.Run(name, func(t *testing.T) {
			if out, err := helm(t, "lint", chart, kubernetes, "--strict", "--values", values(name)); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			got := render(t, name)
			golden := filepath.Join("testdata", name+".yaml")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("make test-chart ARGS=-update writes it anew (-want +got)\n%s", diff)
			}
		})
	}
}

func TestKubernetesTakesWhatTheChartMakes(t *testing.T) {
	for _, name := range sets(t) {
		t.Run(name, func(t *testing.T) {
			if out, err := validate(t, render(t, name)); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	// It would not take what is wrong.
	made := string(render(t, "replicas"))
	selector := "  selector:\n    matchLabels:\n      app.kubernetes.io/name: infrahub-mcp\n      app.kubernetes.io/instance: mcp\n"
	for _, wrong := range []struct{ name, old, new, says string }{
		{"a field of a pod that does not exist", "failureThreshold:", "failureTreshold:", "failureTreshold"},
		{"a number for text", "name: http", "name: 80", "name"},
		{"a deployment without a selector", selector, "", "spec.selector"},
		{"a field of a service monitor that does not exist", "scrapeTimeout:", "timeout:", "timeout"},
		{"a field of an external secret that does not exist", "secretStoreRef:", "storeRef:", "storeRef"},
	} {
		t.Run(wrong.name, func(t *testing.T) {
			changed := strings.ReplaceAll(made, wrong.old, wrong.new)
			if changed == made {
				t.Fatalf("there is no %q in it", wrong.old)
			}
			if out, err := validate(t, []byte(changed)); err == nil || !strings.Contains(string(out)+err.Error(), wrong.says) {
				t.Errorf("want %q, got %v\n%s", wrong.says, err, out)
			}
		})
	}
}

func TestTheValuesInTheDocumentAreOnesTheChartTakes(t *testing.T) {
	page, err := os.ReadFile("../../docs/deployment.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1)
	if len(blocks) == 0 {
		t.Fatal("docs/deployment.md has no values")
	}
	for _, block := range blocks {
		file := filepath.Join(t.TempDir(), "values.yaml")
		if err := os.WriteFile(file, block[1], 0o600); err != nil { //nolint:gosec // G703: the file is named above
			t.Fatal(err)
		}
		if out, err := helm(t, "lint", chart, kubernetes, "--strict", "--values", file); err != nil {
			t.Errorf("%v\n%s\n%s", err, out, block[1])
		}
	}
}

// TestTheProgramTakesTheSettingsOfThePod reads them as the program in the pod
// does.
func TestTheProgramTakesTheSettingsOfThePod(t *testing.T) {
	for _, name := range sets(t) {
		t.Run(name, func(t *testing.T) {
			objects := parse(t, render(t, name))
			container := theContainer(t, objects)
			if diff := cmp.Diff([]string{"--transport", config.TransportHTTP}, container.Args); diff != "" {
				t.Fatalf("arguments (-want +got)\n%s", diff)
			}
			env := map[string]string{}
			for _, variable := range container.Env {
				env[variable.Name] = variable.Value
				if variable.ValueFrom.Secret.Key != "" {
					env[variable.Name] = "placeholder"
				}
			}
			files := mounted(t, container, env)
			for _, variable := range secrets(objects) {
				if !slices.Contains(files, variable) {
					env[variable] = placeholder(variable)
				}
			}
			if env["INFRAHUB_TLS_CA_FILE"] != "" { // is read
				env["INFRAHUB_TLS_CA_FILE"] = authority(t)
			}
			if name == "minimal" { // of a Secret that exists
				env["INFRAHUB_API_TOKEN"] = "placeholder"
			}
			for variable := range env {
				if !slices.ContainsFunc(config.Settings(), func(s *config.Setting) bool { return s.Name == variable || s.File == variable }) {
					t.Errorf("there is no setting %s", variable)
				}
			}
			for _, s := range config.Settings() {
				for _, name := range []string{s.Name, s.File} {
					if name != "" {
						t.Setenv(name, env[name])
					}
				}
			}
			_, warnings, err := config.Load(config.Flags{"transport": container.Args[1]})
			if err != nil || len(warnings) > 0 {
				t.Errorf("%v is not taken: %v, %q", env, err, warnings)
			}
		})
	}
}

func TestAPodMayDoNothingButServe(t *testing.T) {
	for _, name := range sets(t) {
		t.Run(name, func(t *testing.T) {
			objects := parse(t, render(t, name))
			pod := theDeployment(t, objects).Spec.Template.Spec
			wantPod := securityContext{RunAsNonRoot: true, RunAsUser: 65532}
			wantPod.Seccomp.Type = "RuntimeDefault"
			if diff := cmp.Diff(wantPod, pod.Security); diff != "" {
				t.Errorf("the pod (-want +got)\n%s", diff)
			}
			forbidden := false
			want := securityContext{ReadOnly: true, Escalation: &forbidden}
			want.Capabilities.Drop = []string{"ALL"}
			if diff := cmp.Diff(want, theContainer(t, objects).Security); diff != "" {
				t.Errorf("the container (-want +got)\n%s", diff)
			}
			if pod.Token == nil || *pod.Token {
				t.Error("the pod has a token for the Kubernetes API")
			}
		})
	}
}

func TestValuesThatAreWrongAreRefused(t *testing.T) {
	address := "settings.INFRAHUB_ADDRESS=http://example.com"
	for _, test := range []struct {
		name   string
		values []string
		says   string
	}{
		{"no address", nil, "missing property 'INFRAHUB_ADDRESS'"},
		{"a secret among the settings", []string{address, "settings.INFRAHUB_API_TOKEN=token"}, "/settings/INFRAHUB_API_TOKEN"},
		{"a name that is none of a variable", []string{address, "settings.address=x"}, "'address' not allowed"},
		{"a key that nobody has", []string{address, "replicaCount=2"}, "'replicaCount' not allowed"},
		{"two places of secrets", []string{address, "secret.existing=x", "secret.values.INFRAHUB_API_TOKEN=x"}, "exclude each other"},
		{"files of a Secret whose keys nobody knows", []string{address, "secret.existing=x", "secret.files=true"}, "secret.keys"},
		{"an ingress without a host", []string{address, "ingress.enabled=true"}, "ingress.hosts"},
		{"an external secret of no store", []string{address, "externalSecret.enabled=true"}, "externalSecret.store.name"},
	} {
		t.Run(test.name, func(t *testing.T) {
			arguments := []string{"template", "mcp", chart, kubernetes}
			for _, value := range test.values {
				arguments = append(arguments, "--set", value)
			}
			out, err := helm(t, arguments...)
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("want %q, got %v\n%s", test.says, err, out)
			}
		})
	}
}

func TestTheChartKnowsWhichSettingsAreSecret(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(chart, "values.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Properties struct {
			Settings struct {
				Properties map[string]any
			}
		}
	}
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	for _, s := range config.Settings() {
		if _, refused := schema.Properties.Settings.Properties[s.Name]; s.Name != "" && refused != s.Secret {
			t.Errorf("%s is secret: %v; values.schema.json refuses it among the settings: %v", s.Name, s.Secret, refused)
		}
	}
}

// sets are the names of the sets of values that come with the chart.
func sets(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(values("*"))
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(filepath.Base(file), "-values.yaml")
	}
	return files
}

func values(name string) string { return filepath.Join(chart, "ci", name+"-values.yaml") }

func render(t *testing.T, name string) []byte {
	t.Helper()
	out, err := helm(t, "template", "mcp", chart, kubernetes, "--namespace", "tools", "--values", values(name))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// helm runs Helm and returns what it printed. An error has what it said.
func helm(t *testing.T, arguments ...string) ([]byte, error) {
	t.Helper()
	return run(t, needed(t, "HELM"), arguments...)
}

// validate lets kubectl-validate judge objects by the schemas of Kubernetes.
func validate(t *testing.T, objects []byte) ([]byte, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "objects.yaml")
	if err := os.WriteFile(file, objects, 0o600); err != nil {
		t.Fatal(err)
	}
	return run(t, needed(t, "KUBEVALIDATE"), "--version", oldest, "--local-crds", needed(t, "CRDS"), file)
}

// needed is a variable of the environment without which a test cannot run.
func needed(t *testing.T, variable string) string {
	t.Helper()
	value := os.Getenv(variable)
	if value == "" {
		t.Skipf("%s is not set: make test-chart does", variable)
	}
	return value
}

// run runs a program and returns what it printed. An error has what it said.
func run(t *testing.T, program string, arguments ...string) ([]byte, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, arguments...)
	var complaint bytes.Buffer
	command.Stderr = &complaint
	out, err := command.Output()
	if _, ended := errors.AsType[*exec.ExitError](err); ended {
		err = errors.New(complaint.String())
	} else if err != nil {
		t.Fatal(err)
	}
	return out, err
}

// object is what the tests read of an object of Kubernetes.
type object struct {
	Kind       string
	StringData map[string]string `yaml:"stringData"`
	Spec       struct {
		Data []struct {
			SecretKey string `yaml:"secretKey"`
		} `yaml:"data"`
		Template struct {
			Spec struct {
				Token      *bool           `yaml:"automountServiceAccountToken"`
				Security   securityContext `yaml:"securityContext"`
				Containers []container
			}
		}
	}
}

type container struct {
	Args []string
	Env  []struct {
		Name, Value string
		ValueFrom   struct {
			Secret struct{ Key string } `yaml:"secretKeyRef"`
		} `yaml:"valueFrom"`
	}
	Mounts []struct {
		Name string
		Path string `yaml:"mountPath"`
	} `yaml:"volumeMounts"`
	Security securityContext `yaml:"securityContext"`
}

type securityContext struct {
	RunAsNonRoot bool                  `yaml:"runAsNonRoot"`
	RunAsUser    int                   `yaml:"runAsUser"`
	Seccomp      struct{ Type string } `yaml:"seccompProfile"`
	ReadOnly     bool                  `yaml:"readOnlyRootFilesystem"`
	Escalation   *bool                 `yaml:"allowPrivilegeEscalation"`
	Capabilities struct{ Drop []string }
}

func parse(t *testing.T, rendered []byte) []object {
	t.Helper()
	var objects []object
	for decoder := yaml.NewDecoder(bytes.NewReader(rendered)); ; {
		var o object
		err := decoder.Decode(&o)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, o)
	}
}

func theDeployment(t *testing.T, objects []object) object {
	t.Helper()
	i := slices.IndexFunc(objects, func(o object) bool { return o.Kind == "Deployment" })
	if i < 0 {
		t.Fatal("there is no deployment")
	}
	return objects[i]
}

func theContainer(t *testing.T, objects []object) container {
	t.Helper()
	containers := theDeployment(t, objects).Spec.Template.Spec.Containers
	if len(containers) != 1 {
		t.Fatalf("the pod has %d containers", len(containers))
	}
	return containers[0]
}

// mounted puts a file in the place of each that a container gets from a Secret, and
// returns the settings that are in them.
func mounted(t *testing.T, c container, env map[string]string) (settings []string) {
	t.Helper()
	directory := t.TempDir()
	for _, mount := range c.Mounts {
		for variable, path := range env {
			setting, secret := strings.CutSuffix(variable, "_FILE")
			if !secret || path != mount.Path+"/"+setting {
				continue
			}
			env[variable] = filepath.Join(directory, setting)
			if err := os.WriteFile(env[variable], []byte(placeholder(setting)+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			settings = append(settings, setting)
		}
	}
	return settings
}

// secrets are the variables of the Secret that the chart makes, or has made.
func secrets(objects []object) []string {
	var names []string
	for _, o := range objects {
		for name := range o.StringData {
			names = append(names, name)
		}
		if o.Kind == "ExternalSecret" {
			for _, one := range o.Spec.Data {
				names = append(names, one.SecretKey)
			}
		}
	}
	return names
}

// authority is a file with the certificate of some authority.
func authority(t *testing.T) string {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	path := filepath.Join(t.TempDir(), "ca.crt")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// placeholder is a value of the form that a secret setting has.
func placeholder(variable string) string {
	if variable == "INFRAHUB_MCP_STATE_URL" {
		return "redis://redis.example.com:6379/0"
	}
	return "placeholder"
}
