package config

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"infrahub-mcp/internal/problem"
)

// serviceLink matches the variables that Kubernetes sets in every container
// for a service that is named infrahub-mcp. Nobody meant them for us.
var serviceLink = regexp.MustCompile(`^INFRAHUB_MCP_(SERVICE_HOST|SERVICE_PORT|PORT)(_|$)`)

// unknownVariables warns of the names in an environment, given as in
// os.Environ, that look like settings of this program and are none, or are
// not written in capitals.
func unknownVariables(environment []string) []string {
	var known []string
	for _, s := range Settings() {
		for _, name := range []string{s.Name, s.File} {
			if name != "" {
				known = append(known, name)
			}
		}
	}
	var warnings []string
	for _, variable := range environment {
		name, _, _ := strings.Cut(variable, "=")
		capitals := strings.ToUpper(name)
		ours := strings.HasPrefix(capitals, "INFRAHUB_MCP_") || slices.Contains(known, capitals)
		if !ours || slices.Contains(known, name) || serviceLink.MatchString(name) {
			continue
		}
		if _, set := os.LookupEnv(capitals); set && slices.Contains(known, capitals) {
			continue // set in capitals too, or on a system where case does not matter
		}
		warning := fmt.Sprintf("%s is ignored: there is no such setting.", problem.Excerpt(name, 100))
		if meant := closestName(capitals, known); meant != "" {
			warning += " Did you mean " + meant + "?"
		}
		warnings = append(warnings, warning)
	}
	slices.Sort(warnings)
	return warnings
}

// closestName returns the known name that resembles a name, or "". What all
// have in common says nothing of likeness and is left out.
func closestName(name string, known []string) string {
	const prefix = "INFRAHUB_MCP_"
	if slices.Contains(known, name) {
		return name
	}
	var endings []string
	for _, candidate := range known {
		if ending, ok := strings.CutPrefix(candidate, prefix); ok {
			endings = append(endings, ending)
		}
	}
	for _, closest := range problem.Closest(strings.TrimPrefix(name, prefix), endings, 1) {
		return prefix + closest
	}
	return ""
}
