package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"infrahub-mcp/deploy/license"
)

// materials lists what a program was built from, as CycloneDX 1.6 in JSON
// (ECMA-424). The modules are those that the Go command noted in the program
// itself: what was linked, in the versions that were linked. Each has to have a
// licence among those in linked.
func (r *release) materials(info *buildinfo.BuildInfo, binary []byte, linked []license.Module) ([]byte, error) {
	licenses := map[string]string{}
	for i := range linked {
		licenses[linked[i].Path] = linked[i].Expression
	}
	sum := sha256.Sum256(binary)
	b := bom{Format: "CycloneDX", SpecVersion: "1.6", Version: 1}
	// A number of its own for every program, and the same for the same one.
	b.SerialNumber = uuid.NewSHA1(uuid.NameSpaceURL, sum[:]).URN()
	b.Metadata.Timestamp = r.Time.Format(time.RFC3339)
	b.Metadata.Component = component{
		Type: "application", Ref: name, Name: name, Version: r.Version,
		Hashes:   []hash{{"SHA-256", hex.EncodeToString(sum[:])}},
		Licenses: []licenseChoice{{"Apache-2.0"}},
	}
	// Databases of vulnerabilities know the standard library as a module "std".
	b.Components = append(b.Components, module("std", strings.TrimPrefix(info.GoVersion, "go")))
	for _, m := range info.Deps {
		m = cmp.Or(m.Replace, m)
		b.Components = append(b.Components, module(m.Path, m.Version))
	}
	uses := dependency{Ref: name}
	for i := range b.Components {
		c := &b.Components[i]
		expression := licenses[c.Name]
		if expression == "" {
			return nil, fmt.Errorf("%s %s is linked, and its licence is not known", c.Name, c.Version)
		}
		c.Licenses = []licenseChoice{{expression}}
		uses.DependsOn = append(uses.DependsOn, c.Ref)
	}
	b.Dependencies = []dependency{uses}

	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(b); err != nil {
		return nil, fmt.Errorf("writing the bill of materials: %w", err)
	}
	return text.Bytes(), nil
}

// module is a Go module as a component. Its package URL is that of the type
// "golang" of the package URL specification, which wants small letters.
func module(path, version string) component {
	purl := "pkg:golang/" + strings.ToLower(path) + "@" + strings.ReplaceAll(version, "+", "%2B")
	return component{Type: "library", Ref: purl, Name: path, Version: version, PURL: purl}
}

type bom struct {
	Format       string `json:"bomFormat"`
	SpecVersion  string `json:"specVersion"`
	SerialNumber string `json:"serialNumber"`
	Version      int    `json:"version"`
	Metadata     struct {
		Timestamp string    `json:"timestamp"`
		Component component `json:"component"`
	} `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type component struct {
	Type     string          `json:"type"`
	Ref      string          `json:"bom-ref"`
	Name     string          `json:"name"`
	Version  string          `json:"version"`
	Hashes   []hash          `json:"hashes,omitempty"`
	Licenses []licenseChoice `json:"licenses,omitempty"`
	PURL     string          `json:"purl,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type licenseChoice struct {
	Expression string `json:"expression"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}
