package config

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// marked is a credential that no output may hold, in no spelling.
const marked = "sesame"

// spellings are how fmt may print marked without its letters.
var spellings = []string{
	marked, strings.ToUpper(marked), fmt.Sprintf("%x", marked), fmt.Sprintf("%X", marked), fmt.Sprintf("% x", marked),
	strings.Trim(fmt.Sprintf("%d", []byte(marked)), "[]"),
}

// hides fails the test when a text holds the marked credential.
func hides(t *testing.T, what, text string) {
	t.Helper()
	for _, spelling := range spellings {
		if strings.Contains(text, spelling) {
			t.Errorf("%s holds the credential: %s", what, text)
		}
	}
}

func TestASecretIsHiddenHoweverItIsPrinted(t *testing.T) {
	secret := Secret(marked)
	config := Config{
		Infrahub: Infrahub{APIToken: secret, Password: secret, Proxy: secret, ProxyMountsHTTP: secret, ProxyMountsHTTPS: secret},
		Auth:     Auth{OIDCClientSecret: secret},
	}
	for _, value := range []any{secret, &secret, []Secret{secret}, map[string]Secret{"a": secret}, config, &config, config.Infrahub} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%#x", "%d", "%c", "%U", "%t", "%10.3s"} {
			hides(t, verb, fmt.Sprintf(verb, value))
		}
		hides(t, "Print", fmt.Sprint(value))
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		hides(t, "JSON", string(encoded))
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("text", "value", value)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("json", "value", value)
		hides(t, "the log", log.String())
	}
	encoded, err := xml.Marshal(config.Infrahub)
	if err != nil {
		t.Fatal(err)
	}
	hides(t, "XML", string(encoded))
}

func TestASecretSaysWhetherItIsSet(t *testing.T) {
	for secret, want := range map[Secret]string{
		"":     `[][][""][""]`,
		marked: `[(hidden)][(hidden)]["(hidden)"]["(hidden)"]`,
	} {
		if got := fmt.Sprintf("[%v][%s][%q][%#v]", secret, secret, secret, secret); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := Secret(marked).Reveal(); got != marked {
		t.Errorf("Reveal returns %q", got)
	}
}

// TestNoCredentialIsPrintedWhateverIsWrong breaks a configuration in many ways
// and looks for the credential in all that Load returns.
func TestNoCredentialIsPrintedWhateverIsWrong(t *testing.T) {
	secrets := map[string]string{}
	for _, s := range Settings() {
		if s.Secret {
			secrets[s.Name] = marked
		}
	}
	broken := map[string]string{}
	for name := range secrets {
		broken[name] = marked + " \x01" + marked
	}
	secrets["INFRAHUB_MCP_OTEL_ENABLED"], broken["INFRAHUB_MCP_OTEL_ENABLED"] = "true", "true"
	tests := []struct {
		name      string
		variables map[string]string
		file      string
	}{
		{"all secrets together", secrets, ""},
		{"all secrets malformed", broken, ""},
		{"an address with a user", map[string]string{"INFRAHUB_ADDRESS": "http://admin:" + marked + "@infrahub.example"}, ""},
		{"an address with a user and no scheme", map[string]string{"INFRAHUB_ADDRESS": "admin:" + marked + "@infrahub.example"}, ""},
		{"an address with a user that is malformed", map[string]string{"INFRAHUB_ADDRESS": "http://admin:%zz" + marked + "@infrahub.example"}, ""},
		{"an address with a query", map[string]string{"INFRAHUB_ADDRESS": "infrahub.example?" + marked}, ""},
		{"an address with a fragment", map[string]string{"INFRAHUB_ADDRESS": "http://infrahub.example#" + marked}, ""},
		{"a provider with a user", map[string]string{"INFRAHUB_MCP_OIDC_CONFIG_URL": "https://a:" + marked + "@id.example"}, ""},
		{"a collector with a user", map[string]string{"INFRAHUB_MCP_OTEL_ENABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "https://a:" + marked + "@collector.example"}, ""},
		{"a collector with a user and no scheme", map[string]string{"INFRAHUB_MCP_OTEL_ENABLED": "true", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "a:" + marked + "@collector.example"}, ""},
		{"a proxy without scheme", map[string]string{"INFRAHUB_PROXY": "a:" + marked + "@proxy"}, ""},
		{"an unknown setting", map[string]string{"INFRAHUB_MCP_API_TOKEN": marked}, ""},
		{"a file of all secrets", nil, "INFRAHUB_ADDRESS=x\nINFRAHUB_API_TOKEN='" + marked + " x'\nINFRAHUB_PASSWORD=" + marked},
		{"a file with settings that it may not set", nil, "INFRAHUB_MCP_OIDC_CLIENT_SECRET=" + marked + "\nINFRAHUB_PROXY=" + marked},
		{"a file with a line that is only a token", nil, "A=b\n" + marked},
		{"a file with a quote that does not end", nil, "INFRAHUB_API_TOKEN='" + marked},
		{"a file with a bad escape", nil, `INFRAHUB_API_TOKEN="\` + marked + `"`},
		{"a file with a bad name", nil, marked + "§=" + marked},
		{"a file with a control character", nil, "INFRAHUB_API_TOKEN=\x01" + marked},
		{"a file that is not UTF-8", nil, "INFRAHUB_API_TOKEN=" + marked + "\xff"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			environment(t, test.variables)
			writeFile(t, ".env", test.file)
			config, warnings, err := Load(nil)
			if err == nil {
				t.Fatal("nothing is wrong")
			}
			hides(t, "the error", err.Error())
			hides(t, "the error", fmt.Sprintf("%+v %#v", err, err))
			hides(t, "a warning", strings.Join(warnings, "\n"))
			hides(t, "the configuration", fmt.Sprintf("%+v", config))
		})
	}
}
