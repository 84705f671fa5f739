package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"infrahub-mcp/internal/config"
	"infrahub-mcp/test/docs"
)

// TestConfigurationsInTheDocumentsAreOnesTheProgramTakes reads every block of
// JSON and YAML of every page, and starts, up to its settings, what
// configurations of clients start.
func TestConfigurationsInTheDocumentsAreOnesTheProgramTakes(t *testing.T) {
	pages, err := docs.Pages("../..")
	if err != nil {
		t.Fatal(err)
	}
	servers := map[string]int{}
	for name, page := range pages {
		for i, block := range docs.Blocks(page) {
			t.Run(fmt.Sprintf("%s block %d", name, i+1), func(t *testing.T) {
				found, err := serversOf(block)
				if err != nil {
					t.Fatalf("%v in\n%s", err, block.Text)
				}
				for _, server := range found {
					checkServer(t, server)
				}
				servers[name] += len(found)
			})
		}
	}
	// Each of the seven applications of docs/clients.md, and mcp-remote.
	if servers["docs/clients.md"] < 8 || servers["README.md"] == 0 {
		t.Errorf("configurations of clients were found in %v only", servers)
	}
}

func TestAConfigurationThatIsWrongIsNoticed(t *testing.T) {
	for name, server := range map[string]map[string]any{
		"an unknown key":               {"command": "infrahub-mcp", "environment": map[string]any{}},
		"an unknown flag":              {"command": "infrahub-mcp", "args": []any{"--sandbocks"}},
		"a flag with a wrong value":    {"command": "infrahub-mcp", "args": []any{"--sandbox", "--transport", "http"}},
		"an unknown variable":          {"command": "infrahub-mcp", "args": []any{"--sandbox"}, "env": map[string]any{"INFRAHUB_MCP_READONLY": "true"}},
		"a variable of something else": {"command": "infrahub-mcp", "args": []any{"--sandbox"}, "env": map[string]any{"INFRAHUB_TOKEN": "x"}},
		"no address":                   {"command": "infrahub-mcp"},
		"another command":              {"command": "infrahub"},
		"another path":                 {"url": "https://mcp.example.com/sse"},
		"a token without its scheme":   {"url": "https://mcp.example.com/mcp", "headers": map[string]any{"Authorization": "my-token"}},
		"neither command nor URL":      {"type": "http"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := fault(t, server); err == nil {
				t.Errorf("%v is taken", server)
			}
		})
	}
}

// serversOf returns the servers that a client is told of in a block, which has
// to be well-formed.
func serversOf(block docs.Block) ([]map[string]any, error) {
	var content map[string]any
	switch block.Language {
	case "json":
		if err := json.Unmarshal([]byte(block.Text), &content); err != nil {
			return nil, err
		}
	case "yaml":
		if err := yaml.Unmarshal([]byte(block.Text), &content); err != nil {
			return nil, err
		}
	case "sh":
		return added(block.Text)
	case "", "text", "python", "ini", "nginx", "powershell":
	default:
		return nil, fmt.Errorf("nothing here reads %s", block.Language)
	}
	return listed(content), nil
}

// added are the servers that "claude mcp add" adds.
func added(script string) ([]map[string]any, error) {
	commands, err := docs.Commands(script)
	var all []map[string]any
	for _, command := range commands {
		words := command.Words
		separator := slices.Index(words, "--")
		if len(words) < 3 || !slices.Equal(words[:3], []string{"claude", "mcp", "add"}) || separator < 0 || separator == len(words)-1 {
			continue
		}
		env := map[string]any{}
		for i, word := range words[:separator] {
			if name, value, ok := strings.Cut(words[i+1], "="); ok && word == "--env" {
				env[name] = value
			}
		}
		started := make([]any, 0, len(words))
		for _, word := range words[separator+2:] {
			started = append(started, word)
		}
		all = append(all, map[string]any{"command": words[separator+1], "args": started, "env": env})
	}
	return all, err
}

// listed are the servers in a configuration: an object of them, or a list.
func listed(content map[string]any) []map[string]any {
	var all []map[string]any
	for _, key := range []string{"mcpServers", "servers", "context_servers"} {
		var items []any
		switch servers := content[key].(type) {
		case map[string]any:
			items = slices.Collect(maps.Values(servers))
		case []any:
			items = servers
		}
		for _, item := range items {
			if server, ok := item.(map[string]any); ok {
				all = append(all, server)
			}
		}
	}
	return all
}

func checkServer(t *testing.T, server map[string]any) {
	t.Helper()
	if err := fault(t, server); err != nil {
		t.Errorf("%v: %v", server, err)
	}
}

// placeholder is how clients name a value that stands elsewhere.
var placeholder = regexp.MustCompile(`\$\{\{.*?\}\}|\$\{.*?\}|\$\w+`)

// fault says what is wrong with a server that a client is told of.
func fault(t *testing.T, server map[string]any) error {
	t.Helper()
	raw, err := json.Marshal(server)
	if err != nil {
		return err
	}
	var known struct {
		Name, Type, Command, URL, HTTPURL string
		Args                              []string
		Env, Headers                      map[string]string
		RequestOptions                    struct{ Headers map[string]string }
	}
	decoder := json.NewDecoder(strings.NewReader(placeholder.ReplaceAllString(string(raw), "placeholder")))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&known); err != nil {
		return err
	}
	address := known.URL + known.HTTPURL
	if known.Command == "npx" && len(known.Args) > 2 && strings.HasPrefix(known.Args[1], "mcp-remote@") {
		address = known.Args[2]
	} else if known.Command != "" {
		return startable(t, known.Command, known.Args, known.Env)
	}
	at, err := url.Parse(address)
	if err != nil {
		return err
	}
	if at.Host == "" || at.Path != "/mcp" {
		return fmt.Errorf("the server does not answer at %q", address)
	}
	for _, headers := range []map[string]string{known.Headers, known.RequestOptions.Headers} {
		for name, value := range headers {
			if name != "Authorization" || !strings.HasPrefix(value, "Bearer ") {
				return fmt.Errorf("the server does not take a header %q of that form", name)
			}
		}
	}
	return nil
}

// startable does what the program does with its arguments and environment before
// it serves.
func startable(t *testing.T, command string, arguments []string, env map[string]string) error {
	t.Helper()
	if command == "uvx" && len(arguments) > 0 { // the Python server, whose settings are taken
		command, arguments = arguments[0], arguments[1:]
	}
	if path.Base(command) != name {
		return fmt.Errorf("%s is not the program", command)
	}
	for variable := range env {
		if !slices.ContainsFunc(config.Settings(), func(s *config.Setting) bool { return s.Name == variable }) {
			return fmt.Errorf("there is no setting %s", variable)
		}
	}
	environment(t, env)
	flags, err := commandLine(arguments)
	if err != nil {
		return err
	}
	load := config.Load
	if onSandbox, err := flags.Flags().GetBool("sandbox"); err != nil || onSandbox {
		load = func(flags config.Flags) (*config.Config, []string, error) {
			return config.LoadFor(flags, "http://localhost", "token")
		}
	}
	_, warnings, err := load(givenFlags(flags))
	if err == nil && len(warnings) > 0 {
		err = fmt.Errorf("the program warns: %q", warnings)
	}
	return err
}
