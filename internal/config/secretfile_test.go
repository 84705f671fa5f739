package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// secretIn writes a file and returns its path.
func secretIn(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEverySecretCanComeFromAFile(t *testing.T) {
	for _, s := range Settings() {
		if want := s.Name + "_FILE"; s.Secret && s.File != want || !s.Secret && s.File != "" {
			t.Errorf("the file of %s is named by %q, secret: %v", s.Name, s.File, s.Secret)
		}
	}
	for _, test := range []struct {
		setting, content, want string
		also                   map[string]string
	}{
		{"INFRAHUB_API_TOKEN", "open-sesame\n", "open-sesame", nil},
		{"INFRAHUB_API_TOKEN", " open-sesame \r\n", "open-sesame", nil},
		{"INFRAHUB_PASSWORD", " pass word \n", " pass word ", map[string]string{"INFRAHUB_API_TOKEN": "-", "INFRAHUB_USERNAME": "bot"}},
		{"INFRAHUB_PASSWORD", "no break", "no break", map[string]string{"INFRAHUB_API_TOKEN": "-", "INFRAHUB_USERNAME": "bot"}},
		{"INFRAHUB_PROXY", "http://u:p@proxy.example:3128\n", "http://u:p@proxy.example:3128", nil},
		{"INFRAHUB_PROXY_MOUNTS_HTTP", "http://proxy.example:3128\n", "http://proxy.example:3128", nil},
		{"INFRAHUB_PROXY_MOUNTS_HTTPS", "http://proxy.example:3128\n", "http://proxy.example:3128", nil},
		{"INFRAHUB_MCP_OIDC_CLIENT_SECRET", "a secret\n", "a secret", nil},
		{"INFRAHUB_MCP_SIGNING_KEY", "bmV3\nb2xk\n", "bmV3,b2xk", nil},
		{"INFRAHUB_MCP_SIGNING_KEY", "bmV3, b2xk", "bmV3,b2xk", nil},
		{"INFRAHUB_MCP_STATE_URL", "redis://:word@redis.example:6379/0\n", "redis://:word@redis.example:6379/0", nil},
	} {
		t.Run(test.setting, func(t *testing.T) {
			path := secretIn(t, test.content)
			variables := with(test.also)
			delete(variables, test.setting)
			variables[test.setting+"_FILE"] = path
			environment(t, variables)
			c, warnings, err := Load(nil)
			if err != nil || warnings != nil {
				t.Fatalf("%v, %q", err, warnings)
			}
			for _, e := range entriesOf(c) {
				if e.Name == test.setting && e.field.String() != test.want {
					t.Errorf("it is %q, want %q", e.field.String(), test.want)
				}
			}
			if len(c.SecretFiles) != 1 {
				t.Fatalf("the files are %v", c.SecretFiles)
			}
			f := c.SecretFiles[0]
			if f.Setting() != test.setting || f.Variable() != test.setting+"_FILE" || f.Path() != path {
				t.Errorf("the file is %s, %s, %s", f.Setting(), f.Variable(), f.Path())
			}
			again, err := f.Read()
			if err != nil || again.Reveal() != test.want {
				t.Errorf("read again it is %q, %v", again.Reveal(), err)
			}
		})
	}
}

func TestASecretFileThatCannotBeUsedStopsTheStart(t *testing.T) {
	const marked = "marked-secret"
	directory := t.TempDir()
	for _, test := range []struct {
		name, path, want string
	}{
		{"missing", filepath.Join(directory, "none"), `INFRAHUB_API_TOKEN_FILE is PATH, but that file cannot be read: no such file or directory.`},
		{"a directory", directory, `INFRAHUB_API_TOKEN_FILE is PATH, but that file cannot be read: it is a directory.`},
		{"empty", secretIn(t, ""), `INFRAHUB_API_TOKEN_FILE is PATH, but that file is empty.`},
		{"blank", secretIn(t, " \n"), `INFRAHUB_API_TOKEN_FILE is PATH, but that file is empty.`},
		{"too large", secretIn(t, strings.Repeat(marked, 6000)), `INFRAHUB_API_TOKEN_FILE is PATH, but that file cannot be read: it is larger than 65536 bytes.`},
		{"of several lines", secretIn(t, marked+"\nmore\n"), `INFRAHUB_API_TOKEN_FILE is PATH, but what it holds must be printable ASCII characters without blanks.`},
		{"malformed", secretIn(t, marked+" with a blank"), `INFRAHUB_API_TOKEN_FILE is PATH, but what it holds must be printable ASCII characters without blanks.`},
	} {
		t.Run(test.name, func(t *testing.T) {
			environment(t, with(map[string]string{"INFRAHUB_API_TOKEN": "-", "INFRAHUB_API_TOKEN_FILE": test.path}))
			_, _, err := Load(nil)
			want := []string{strings.Replace(test.want, "PATH", `"`+test.path+`"`, 1)}
			if diff := cmp.Diff(want, problemsOf(t, err)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if strings.Contains(err.Error(), marked) {
				t.Error("the content of the file is shown")
			}
		})
	}
}

func TestASecretFileThatNobodyMayReadStopsTheStart(t *testing.T) {
	path := secretIn(t, "sesame")
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	environment(t, with(map[string]string{"INFRAHUB_API_TOKEN": "-", "INFRAHUB_API_TOKEN_FILE": path}))
	unprivileged(t, path)
	if _, _, err := Load(nil); err == nil || !strings.Contains(err.Error(), "permission denied") || !strings.Contains(err.Error(), path) {
		t.Errorf("the error is %v", err)
	}
}

func TestSecretFilesAndOtherPlacesOfASecret(t *testing.T) {
	token, empty := secretIn(t, "from-a-file\n"), ""
	dotenv := "INFRAHUB_API_TOKEN=from-dotenv\n"
	for _, test := range []struct {
		name    string
		set     map[string]string
		dotenv  string
		want    string // token
		problem string
	}{
		{name: "the file alone", set: map[string]string{"INFRAHUB_API_TOKEN": "-", "INFRAHUB_API_TOKEN_FILE": token}, want: "from-a-file"},
		{name: "no file", set: map[string]string{"INFRAHUB_API_TOKEN_FILE": empty}, want: "sesame"},
		{name: "an empty variable beside it", set: map[string]string{"INFRAHUB_API_TOKEN": " ", "INFRAHUB_API_TOKEN_FILE": token}, want: "from-a-file"},
		{name: "both", set: map[string]string{"INFRAHUB_API_TOKEN_FILE": token}, problem: "INFRAHUB_API_TOKEN and INFRAHUB_API_TOKEN_FILE are both set: set one of them."},
		{name: "before the .env file", set: map[string]string{"INFRAHUB_API_TOKEN": "-", "INFRAHUB_API_TOKEN_FILE": token}, dotenv: dotenv, want: "from-a-file"},
		{
			name: "a name in the environment and a password in the .env file", dotenv: "INFRAHUB_PASSWORD=from-dotenv\n",
			set: map[string]string{"INFRAHUB_API_TOKEN": "-", "INFRAHUB_API_TOKEN_FILE": token}, want: "from-a-file",
		},
		{
			name: "token and password", set: map[string]string{"INFRAHUB_USERNAME": "bot", "INFRAHUB_PASSWORD_FILE": token},
			problem: "INFRAHUB_API_TOKEN is set together with INFRAHUB_USERNAME and INFRAHUB_PASSWORD_FILE: set either the token, or user name and password.",
		},
		{
			name: "a password without its name", set: map[string]string{"INFRAHUB_API_TOKEN": "-", "INFRAHUB_PASSWORD_FILE": token},
			problem: "INFRAHUB_PASSWORD_FILE is set alone: INFRAHUB_USERNAME and INFRAHUB_PASSWORD belong together.",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			environment(t, with(test.set))
			if test.dotenv != "" {
				if err := os.WriteFile(".env", []byte(test.dotenv), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			c, _, err := Load(nil)
			var want []string
			if test.problem != "" {
				want = []string{test.problem}
			}
			if diff := cmp.Diff(want, problemsOf(t, err)); diff != "" {
				t.Fatalf("(-want +got)\n%s", diff)
			}
			if err == nil && c.Infrahub.APIToken.Reveal() != test.want {
				t.Errorf("the token is %q, want %q", c.Infrahub.APIToken.Reveal(), test.want)
			}
		})
	}
}

// A foreign project's file shall not have this program read files.
func TestTheEnvFileNamesNoSecretFile(t *testing.T) {
	environment(t, with(nil))
	if err := os.WriteFile(".env", []byte("INFRAHUB_API_TOKEN_FILE=/etc/hostname\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, warnings, err := Load(nil)
	if err != nil || c.Infrahub.APIToken.Reveal() != "sesame" || len(c.SecretFiles) != 0 {
		t.Errorf("the token comes from elsewhere: %v, %v", err, c)
	}
	if len(warnings) != 1 || !strings.HasPrefix(warnings[0], "INFRAHUB_API_TOKEN_FILE in ") {
		t.Errorf("the warnings are %q", warnings)
	}
}

func TestWhatIsSettledNeedsNoFile(t *testing.T) {
	environment(t, map[string]string{"INFRAHUB_API_TOKEN_FILE": "/none", "INFRAHUB_PASSWORD_FILE": "/none"})
	c, _, err := LoadFor(nil, "http://127.0.0.1:1", "settled")
	if err != nil || c.Infrahub.APIToken.Reveal() != "settled" {
		t.Errorf("%v, %v", c, err)
	}
}
