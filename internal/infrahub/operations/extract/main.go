// Command extract cuts the GraphQL schema of an Infrahub server down to what a
// set of operations reaches: the types and fields they select, the arguments
// they pass, and the whole of the input types and enumerations they mention.
// Descriptions and directives are left out, names are sorted: the same schema
// and operations always give the same text.
//
//	extract -operations operations.graphql -out schema.graphql [-in schema.graphql | -url http://...]
//
// Without -in and -url the schema is that of the server at INFRAHUB_ADDRESS,
// asked for with INFRAHUB_API_TOKEN if that is set.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "extract:", err)
		os.Exit(1)
	}
}

// run is the command with its arguments.
func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("extract", flag.ExitOnError)
	operations := flags.String("operations", "operations.graphql", "file of the operations")
	in := flags.String("in", "", "file of the schema")
	address := flags.String("url", os.Getenv("INFRAHUB_ADDRESS"), "address of the Infrahub whose schema to take")
	out := flags.String("out", "schema.graphql", "file to write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	query, err := os.ReadFile(*operations)
	if err != nil {
		return fmt.Errorf("reading the operations: %w", err)
	}
	var sdl string
	switch {
	case *in != "":
		text, err := os.ReadFile(*in)
		if err != nil {
			return fmt.Errorf("reading the schema: %w", err)
		}
		sdl = string(text)
	case *address != "":
		if sdl, err = fetch(ctx, strings.TrimRight(*address, "/")+"/schema.graphql"); err != nil {
			return err
		}
	default:
		return errors.New("no schema: give -in or -url, or set INFRAHUB_ADDRESS")
	}
	extract, err := Extract(sdl, string(query))
	if err != nil {
		return err
	}
	if err := os.WriteFile(*out, []byte(extract), 0o644); err != nil { // #nosec G306 -- it is source text
		return fmt.Errorf("writing the extract: %w", err)
	}
	return nil
}

// fetch returns the schema that a server serves.
func fetch(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", fmt.Errorf("asking for the schema: %w", err)
	}
	if token := os.Getenv("INFRAHUB_API_TOKEN"); token != "" {
		req.Header.Set("X-INFRAHUB-KEY", token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("asking for the schema: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("asking for the schema: %s answered %s", url, resp.Status)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return "", fmt.Errorf("reading the schema: %w", err)
	}
	return string(text), nil
}
