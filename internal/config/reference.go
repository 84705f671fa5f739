package config

import (
	"fmt"
	"strings"
)

// Reference returns the reference page of all settings, in Markdown.
func Reference() string {
	var page strings.Builder
	page.WriteString(referenceIntroduction)
	group := ""
	for _, s := range Settings() {
		if s.Group != group {
			group = s.Group
			fmt.Fprintf(&page, "\n## %s\n\n| Setting | Default | Allowed | Meaning |\n|---|---|---|---|\n", group)
		}
		fmt.Fprintf(&page, "| %s | %s | %s | %s |\n", s.names(), s.defaultCell(), cell(upperFirst(s.Allowed)), cell(s.meaningCell()))
	}
	fmt.Fprintf(&page, referenceEnvFile, "`"+strings.Join(envFileNames(), "`, `")+"`")
	return page.String()
}

const referenceIntroduction = `# Configuration reference

<!-- Written by "infrahub-mcp reference config" from the struct Config in internal/config. Change it there. -->

Settings are environment variables. The few that have a flag take it from the command line first.

- Blanks around a value do not count. An empty variable is the same as none, except where the table says what empty means.
- Switches understand ` + "`true`, `1`, `yes`, `on` and `false`, `0`, `no`, `off`" + `, in any case. Words such as log levels are also read in any case.
- Durations are numbers in the unit the table names, such as ` + "`60` or `0.5`" + `; a unit may be written behind them, such as ` + "`90s` or `2m`" + `.
- A value that is malformed, a setting that is missing and settings that contradict each other stop the start with exit status 2. All of them are reported at once, one line each, on standard error. Secrets are never shown.
- Each secret has a second variable, with ` + "`_FILE`" + ` behind its name, that names a file with the value instead, of up to 64 KiB. A line break at the end does not count. One of the two may be set. A file that is missing, empty or malformed stops the start; its content is never shown. Some of these files are [read again](../deployment.md#rotating-secrets) when they change.
- Variables that begin with ` + "`OTEL_`" + ` are read only while ` + "`INFRAHUB_MCP_OTEL_ENABLED`" + ` is true.
- A variable that begins with ` + "`INFRAHUB_MCP_`" + ` and is not listed here is reported as a warning, with the closest name.
`

// referenceEnvFile ends the page; %s are the names the file may supply.
const referenceEnvFile = `
## The .env file

A ` + "`.env`" + ` file in the working directory, or the file named by ` + "`INFRAHUB_MCP_ENV_FILE`" + `, may supply where Infrahub is and as whom to go there, and nothing else: %s. So the file of some other project, in whose folder a client happens to start this program, cannot switch certificate checks off or allow writing.

- Lines are ` + "`NAME=value`" + `, with or without ` + "`export`" + ` in front. Values may stand in single or double quotes; ` + "`#`" + ` outside of quotes begins a comment. Nothing is replaced in values: ` + "`${NAME}`" + ` stays as it is.
- The environment goes before the file. Token, user name and password are one unit: when the environment holds any of them, none is taken from the file.
- Other variables that begin with ` + "`INFRAHUB_`" + ` are ignored with a warning, all others without.
- A file that is named and missing is a warning. A file that cannot be read or parsed stops the start with the number of the line; its content is never shown. With an empty ` + "`INFRAHUB_MCP_ENV_FILE`" + ` no file is read.
`

// names returns the flag and the variable of a setting as a cell.
func (s *Setting) names() string {
	var names []string
	if s.Flag != "" {
		names = append(names, "`--"+s.Flag+"`")
	}
	if s.Name != "" {
		names = append(names, "`"+s.Name+"`")
	}
	if s.File != "" {
		names = append(names, "`"+s.File+"`")
	}
	return strings.Join(names, "<br>")
}

// defaultCell returns the default of a setting as a cell.
func (s *Setting) defaultCell() string {
	switch {
	case s.Required:
		return "required"
	case s.Default == "":
		return "–"
	default:
		return "`" + s.Default + "`"
	}
}

// meaningCell returns all there is to say about a setting.
func (s *Setting) meaningCell() string {
	meaning := s.Meaning
	if s.Empty != "" {
		meaning += " Empty: " + s.Empty + "."
	}
	if s.Secret {
		meaning += " Never shown."
	}
	return meaning
}

// cell escapes what would end a cell.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// upperFirst makes a phrase the start of a cell.
func upperFirst(phrase string) string { return strings.ToUpper(phrase[:1]) + phrase[1:] }
