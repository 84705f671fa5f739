package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/kelseyhightower/envconfig"
)

// Flags are the flags given on the command line: name without dashes → value.
type Flags map[string]string

// Load reads the configuration of the server: flags before the process
// environment before the .env file before defaults. It changes none of them.
// Warnings are sentences on what was ignored or is risky; they come beside an
// error too. The error is an *Error and names every problem at once.
func Load(flags Flags) (*Config, []string, error) { return load(flags, nil) }

// LoadFor is Load for a server of which it is settled which Infrahub it is for:
// what the environment says about that does not count.
func LoadFor(flags Flags, address string, token Secret) (*Config, []string, error) {
	settled := map[string]string{"INFRAHUB_ADDRESS": address, "INFRAHUB_API_TOKEN": token.Reveal()}
	for _, name := range []string{
		"INFRAHUB_USERNAME", "INFRAHUB_PASSWORD", "INFRAHUB_DEFAULT_BRANCH", "INFRAHUB_TLS_INSECURE", "INFRAHUB_TLS_CA_FILE",
		"INFRAHUB_PROXY", "INFRAHUB_PROXY_MOUNTS_HTTP", "INFRAHUB_PROXY_MOUNTS_HTTPS", "INFRAHUB_MCP_ENV_FILE",
	} {
		settled[name] = ""
	}
	return load(flags, settled)
}

// Default is the configuration of a server that works on the given Infrahub over
// stdio and of which nothing else is set, whatever the environment says.
func Default(address string, token Secret) (*Config, error) {
	settled := map[string]string{}
	for _, s := range Settings() {
		settled[s.Name] = ""
	}
	settled["INFRAHUB_ADDRESS"], settled["INFRAHUB_API_TOKEN"] = address, token.Reveal()
	config, _, err := load(nil, settled)
	return config, err
}

func load(flags Flags, settled map[string]string) (*Config, []string, error) {
	config := new(Config)
	var file envFile
	var warnings []string
	var err error
	if settled == nil {
		file, warnings, err = readEnvFile()
	}
	l := loader{flags: flags, settled: settled, file: file, entries: entriesOf(config)}
	if err != nil {
		l.problems = append(l.problems, err.Error())
	}
	l.read()
	config.SecretFiles = l.secrets
	l.checkTogether(config, err == nil)
	warnings = slices.Concat(warnings, unknownVariables(os.Environ()), l.risks(config))
	if len(l.problems) > 0 {
		return nil, warnings, &Error{Problems: l.problems}
	}
	return config, warnings, nil
}

// LoadServer reads the group Server alone, for a command that looks for a
// running server and needs to know nothing else. The error is an *Error.
func LoadServer(flags Flags) (*Server, error) {
	server := new(Server)
	l := loader{flags: flags, entries: entriesOfGroup(reflect.ValueOf(server).Elem(), "")}
	l.read()
	if len(l.problems) > 0 {
		return nil, &Error{Problems: l.problems}
	}
	return server, nil
}

// loader finds the values of settings and collects what is wrong with them.
type loader struct {
	flags Flags
	// settled are values of variables that come before all others; an empty one
	// stands for the default.
	settled  map[string]string
	file     envFile
	secrets  []SecretFile // that were read
	entries  []entry
	problems []string
}

// entry is a setting and what became of it.
type entry struct {
	*Setting
	field     reflect.Value // where its value goes
	text      string        // what was found for it
	from      origin        // where it was found
	malformed bool          // the text is refused; the field holds the default
}

// origin is where the text of a setting was found.
type origin int

const (
	byDefault origin = iota
	byFlag
	byVariable
	byFile
	bySettled
	bySecretFile
)

// entriesOf lists the settings of a Config, each bound to its field.
func entriesOf(config *Config) []entry {
	var entries []entry
	for group, value := range reflect.ValueOf(config).Elem().Fields() {
		if group.Tag.Get("group") == "" {
			continue
		}
		entries = append(entries, entriesOfGroup(value, group.Tag.Get("group"))...)
	}
	return entries
}

// entriesOfGroup lists the settings of one group.
func entriesOfGroup(group reflect.Value, title string) []entry {
	var entries []entry
	for field, value := range group.Fields() {
		entries = append(entries, entry{Setting: settingOf(field, title), field: value})
	}
	return entries
}

// read gives every setting its value, and reports those that are malformed.
func (l *loader) read() {
	for i := range l.entries {
		e := &l.entries[i]
		if file, named := l.secretFile(e.Setting); named {
			l.readSecret(e, file)
			continue
		}
		e.text, e.from = l.find(e.Setting)
		value, err := e.decode()
		if err == nil && e.from != byDefault && !e.meantEmpty() {
			value, err = e.check(value)
		}
		if err != nil {
			l.report("%s", refusal(e.Setting, l.label(e), e.text, err))
			e.text, e.from, e.malformed = e.Default, byDefault, true
			value, _ = e.decode() // the tests prove that every default decodes
		}
		e.field.Set(value)
	}
}

// find returns the text of a setting and where it was found. A variable that
// is empty counts as not set, because compose files and the like cannot but
// set it; for some settings it has a meaning. One that needs a switch, which comes
// before it, may be meant for other programs while that is off.
func (l *loader) find(s *Setting) (string, origin) {
	if s.With != "" && !l.entry(s.With).field.Bool() {
		return s.Default, byDefault
	}
	if text, ok := l.settled[s.Name]; ok {
		if text == "" {
			return s.Default, byDefault
		}
		return text, bySettled
	}
	if text, ok := l.flags[s.Flag]; ok {
		return text, byFlag
	}
	if text, ok := os.LookupEnv(s.Name); ok && (s.Empty != "" || !s.blank(text)) {
		return text, byVariable
	}
	if text := l.file.values[s.Name]; s.EnvFile && !s.blank(text) {
		return text, byFile
	}
	return s.Default, byDefault
}

// blank tells whether a text is as good as none.
func (s *Setting) blank(text string) bool {
	if s.field.Tag.Get("verbatim") == "true" {
		return text == ""
	}
	return strings.TrimSpace(text) == ""
}

// meantEmpty tells whether the setting is empty on purpose.
func (e *entry) meantEmpty() bool { return e.Empty != "" && e.blank(e.text) }

// given tells whether the setting has a value of its own, right or wrong.
func (e *entry) given() bool { return e.from != byDefault || e.malformed }

// decode turns the text of a setting into a value of its type. What stands in
// the environment is read by envconfig, one variable at a time because it
// stops at the first that is malformed.
func (e *entry) decode() (reflect.Value, error) {
	one := reflect.New(reflect.StructOf([]reflect.StructField{
		{Name: "Value", Type: decoderOf(e.Setting.field), Tag: e.Setting.field.Tag},
	}))
	target := one.Elem().Field(0)
	var err error
	if e.from == byVariable {
		err = envconfig.Process("", one.Interface())
	} else if decoder, ok := reflect.TypeAssert[envconfig.Decoder](target.Addr()); ok {
		err = decoder.Decode(e.text)
	}
	// The error of envconfig quotes the value, which may be a secret.
	if quoting, ok := errors.AsType[*envconfig.ParseError](err); ok {
		err = quoting.Err
	}
	return target.Convert(e.field.Type()), err
}

// label names a setting as it was given.
func (l *loader) label(e *entry) string {
	switch e.from {
	case byFlag:
		return "--" + e.Flag
	case byFile:
		return e.Name + " in " + l.file.path
	case bySecretFile:
		return e.File
	default:
		return e.Name
	}
}

// report adds a problem.
func (l *loader) report(format string, arguments ...any) {
	l.problems = append(l.problems, fmt.Sprintf(format, arguments...))
}
