package config

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// writeFile writes a file into the working directory of the test.
func writeFile(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// credential is what Load made of the variables that a .env file may supply.
type credential struct{ Address, Token, Username, Password string }

func TestAnEnvFileSuppliesWhatTheEnvironmentLeavesOpen(t *testing.T) {
	const login = "INFRAHUB_USERNAME=file-user\nINFRAHUB_PASSWORD=file-word\n"
	tests := []struct {
		name      string
		variables map[string]string
		file      string
		want      credential
	}{
		{"address and token", nil, "INFRAHUB_ADDRESS=http://file\nINFRAHUB_API_TOKEN=file-token", credential{"http://file", "file-token", "", ""}},
		{"address and login", nil, "INFRAHUB_ADDRESS=http://file\n" + login, credential{"http://file", "", "file-user", "file-word"}},
		{
			"the environment goes first", map[string]string{"INFRAHUB_ADDRESS": "http://env", "INFRAHUB_API_TOKEN": "env-token"},
			"INFRAHUB_ADDRESS=http://file\nINFRAHUB_API_TOKEN=file-token", credential{"http://env", "env-token", "", ""},
		},
		{
			"a token of the environment displaces a login of the file", map[string]string{"INFRAHUB_API_TOKEN": "env-token"},
			"INFRAHUB_ADDRESS=http://file\n" + login, credential{"http://file", "env-token", "", ""},
		},
		{
			"a login of the environment displaces a token of the file", map[string]string{"INFRAHUB_USERNAME": "env-user", "INFRAHUB_PASSWORD": "env-word"},
			"INFRAHUB_ADDRESS=http://file\nINFRAHUB_API_TOKEN=file-token", credential{"http://file", "", "env-user", "env-word"},
		},
		{
			"an empty variable is as none", map[string]string{"INFRAHUB_ADDRESS": "", "INFRAHUB_API_TOKEN": " ", "INFRAHUB_PASSWORD": ""},
			"INFRAHUB_ADDRESS=http://file\n" + login, credential{"http://file", "", "file-user", "file-word"},
		},
		{
			"quotes, export, comments, blanks, Windows", nil,
			"\ufeff# Infrahub\r\n\r\nexport INFRAHUB_ADDRESS = 'http://file' # here\r\nINFRAHUB_API_TOKEN=\"file-token\"\r\n", credential{"http://file", "file-token", "", ""},
		},
		{
			"nothing is replaced in a value", map[string]string{"SHELL_WORD": "x"},
			"INFRAHUB_ADDRESS=http://file\nINFRAHUB_USERNAME=$SHELL_WORD\nINFRAHUB_PASSWORD='a${SHELL_WORD}#`id`'", credential{"http://file", "", "$SHELL_WORD", "a${SHELL_WORD}#`id`"},
		},
		{"an empty value is none", nil, "INFRAHUB_ADDRESS=http://file\nINFRAHUB_API_TOKEN=\n" + login, credential{"http://file", "", "file-user", "file-word"}},
		{"the last of two values counts", nil, "INFRAHUB_ADDRESS=http://one\nINFRAHUB_API_TOKEN=t\nINFRAHUB_ADDRESS=http://two", credential{"http://two", "t", "", ""}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			environment(t, test.variables)
			writeFile(t, ".env", test.file)
			config, _, err := Load(nil)
			if err != nil {
				t.Fatal(err)
			}
			i := config.Infrahub
			if diff := cmp.Diff(test.want, credential{i.Address, i.APIToken.Reveal(), i.Username, i.Password.Reveal()}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHalfACredentialIsNotCompletedFromAFile(t *testing.T) {
	environment(t, map[string]string{"INFRAHUB_USERNAME": "env-user"})
	writeFile(t, ".env", "INFRAHUB_ADDRESS=http://file\nINFRAHUB_PASSWORD=file-word")
	_, _, err := Load(nil)
	want := []string{"INFRAHUB_USERNAME is set alone: INFRAHUB_USERNAME and INFRAHUB_PASSWORD belong together."}
	if diff := cmp.Diff(want, problemsOf(t, err)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatAnEnvFileMayNotSetIsIgnored(t *testing.T) {
	environment(t, with(nil))
	writeFile(t, ".env", "INFRAHUB_MCP_READ_ONLY=true\nINFRAHUB_TLS_INSECURE=true\ninfrahub_address=x\nHTTP_PROXY=http://evil\nMCP_PORT=1\nPATH=/\n")
	config, warnings, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	const rest = ` in ".env" is ignored: the file may set INFRAHUB_ADDRESS, INFRAHUB_API_TOKEN, INFRAHUB_USERNAME, INFRAHUB_PASSWORD.`
	if diff := cmp.Diff([]string{"INFRAHUB_MCP_READ_ONLY" + rest, "INFRAHUB_TLS_INSECURE" + rest, "infrahub_address" + rest}, warnings); diff != "" {
		t.Error(diff)
	}
	if config.Tools.ReadOnly || config.Infrahub.TLSInsecure || config.Server.Port != 8001 {
		t.Errorf("the file has set more than it may: %+v", config)
	}
}

func TestWhichEnvFileIsRead(t *testing.T) {
	const content = "INFRAHUB_ADDRESS=http://file\nINFRAHUB_API_TOKEN=file-token"
	tests := []struct {
		name     string
		named    string // INFRAHUB_MCP_ENV_FILE, "-" for not set
		files    map[string]string
		address  string // "" when no file supplies it
		warnings []string
	}{
		{"none is named and none exists", "-", nil, "", nil},
		{"none is named and .env exists", "-", map[string]string{".env": content}, "http://file", nil},
		{"one is named", "own.env", map[string]string{".env": "FOO=bar", "own.env": content}, "http://file", nil},
		{"nothing is named", "", map[string]string{".env": content}, "", nil},
		{"blanks are named", " ", map[string]string{".env": content}, "", nil},
		{"a missing one is named", "own.env", map[string]string{".env": content}, "", []string{`INFRAHUB_MCP_ENV_FILE is "own.env", but there is no such file.`}},
		{"a path below a file is named", ".env/x", nil, "", []string{`INFRAHUB_MCP_ENV_FILE is ".env/x", but there is no such file.`}},
		{"a folder is called .env", "-", map[string]string{".env/pyvenv.cfg": ""}, "", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			variables := map[string]string{}
			if test.named != "-" {
				variables["INFRAHUB_MCP_ENV_FILE"] = test.named
			}
			environment(t, variables)
			for path, content := range test.files {
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				writeFile(t, path, content)
			}
			config, warnings, err := Load(nil)
			if diff := cmp.Diff(test.warnings, warnings); diff != "" {
				t.Error(diff)
			}
			address := ""
			if config != nil {
				address = config.Infrahub.Address
			} else if missing := problemsOf(t, err); len(missing) != 2 {
				t.Errorf("problems %q, want those of a missing address and credential", missing)
			}
			if address != test.address {
				t.Errorf("address %q, want %q", address, test.address)
			}
		})
	}
}

func TestAnEnvFileThatCannotBeReadStopsTheStart(t *testing.T) {
	const end = ". Set INFRAHUB_MCP_ENV_FILE to an empty value to start without it."
	tests := []struct{ name, content, problem string }{
		{"no equals sign", "A=b\nsesame", `The file "x.env" is malformed: line 2: missing =` + end},
		{"a quote without end", "INFRAHUB_PASSWORD=\"sesame", `The file "x.env" is malformed: line 1: unmatched "` + end},
		{"an escape that is none", "INFRAHUB_PASSWORD=\"\\sesame\"", `The file "x.env" is malformed: line 1 is not of the form NAME=value` + end},
		{"a name that is none", "\n\n§sesame=1", `The file "x.env" is malformed: line 3 is not of the form NAME=value` + end},
		{"no name", "=sesame", `The file "x.env" is malformed: line 1: empty key` + end},
		{"a very long line", "A=b\nC=" + strings.Repeat("sesame", 20000), `The file "x.env" is malformed: line 2 is too long` + end},
		{"a value that is no text", "INFRAHUB_PASSWORD=sesame\xff", `The file "x.env" is malformed: INFRAHUB_PASSWORD is not valid UTF-8; if a comment follows it, move that to a line of its own` + end},
		{"a comment behind a letter that the parser halves", "INFRAHUB_PASSWORD=sesamé # mine", `The file "x.env" is malformed: INFRAHUB_PASSWORD is not valid UTF-8; if a comment follows it, move that to a line of its own` + end},
		{"a very large file", strings.Repeat("# sesame\n", 200000), `The file "x.env" cannot be read: it is larger than 1048576 bytes` + end},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			environment(t, map[string]string{"INFRAHUB_MCP_ENV_FILE": "x.env"})
			writeFile(t, "x.env", test.content)
			_, _, err := Load(nil)
			// That the address is missing is not said: the file may hold it.
			if diff := cmp.Diff([]string{test.problem}, problemsOf(t, err)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("a folder", func(t *testing.T) {
		environment(t, map[string]string{"INFRAHUB_MCP_ENV_FILE": "."})
		_, _, err := Load(nil)
		if diff := cmp.Diff([]string{`The file "." cannot be read: it is a directory` + end}, problemsOf(t, err)); diff != "" {
			t.Error(diff)
		}
	})
	// Permissions would not do: the superuser may read everything.
	t.Run("one that leads back to itself", func(t *testing.T) {
		environment(t, nil)
		if err := os.Symlink(".env", ".env"); err != nil {
			t.Fatal(err)
		}
		_, _, err := Load(nil)
		if diff := cmp.Diff([]string{`The file ".env" cannot be read: too many levels of symbolic links` + end}, problemsOf(t, err)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAProblemOfAnEnvFileNamesTheFile(t *testing.T) {
	environment(t, nil)
	writeFile(t, ".env", "INFRAHUB_ADDRESS=localhost\nINFRAHUB_API_TOKEN='ses ame'")
	_, _, err := Load(nil)
	want := []string{
		`INFRAHUB_ADDRESS in ".env" is "localhost", but must be an http or https URL with a host, without user, query and fragment. Did you mean http://localhost?`,
		`INFRAHUB_API_TOKEN in ".env" is (hidden), but must be printable ASCII characters without blanks.`,
	}
	if diff := cmp.Diff(want, problemsOf(t, err)); diff != "" {
		t.Error(diff)
	}
}

// FuzzParseEnvFile proves that a .env file supplies nothing but its four
// variables, and that an error says nothing of what is in it.
func FuzzParseEnvFile(f *testing.F) {
	for _, seed := range []string{
		"", "A=b", "INFRAHUB_ADDRESS=http://x\nINFRAHUB_API_TOKEN=\"a\\u00e9\\n\" # c", "export INFRAHUB_PASSWORD = 'x y'",
		"INFRAHUB_MCP_READ_ONLY=1", "=", "\"", "A='", "A=\"\\ud83d\\ude00\"", "A=\"\\ud83d", "\ufeffA=b\r\n", "INFRAHUB_USERNAME=é #", "A=\x00",
	} {
		f.Add([]byte(seed))
	}
	bland := regexp.MustCompile(`^(line \d+(: (missing =|empty key|unmatched ["'])| is not of the form NAME=value| is too long)|INFRAHUB_(ADDRESS|API_TOKEN|USERNAME|PASSWORD) is not valid UTF-8; if a comment follows it, move that to a line of its own)$`)
	f.Fuzz(func(t *testing.T, content []byte) {
		values, ignored, err := parseEnvFile(content)
		if err != nil {
			if !bland.MatchString(err.Error()) {
				t.Errorf("the error may quote the file: %q", err)
			}
			return
		}
		for name := range values {
			if !slices.Contains(envFileNames(), name) {
				t.Errorf("the file has supplied %s", name)
			}
		}
		for _, name := range ignored {
			if !strings.HasPrefix(strings.ToUpper(name), "INFRAHUB_") || values[name] != "" {
				t.Errorf("%q is reported as ignored", name)
			}
		}
	})
}
