// Command save writes the licences of what is linked into infrahub-mcp to a
// folder, as the image needs them.
//
//	go run ./deploy/license/save /licenses
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"infrahub-mcp/deploy/license"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "save:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) != 1 {
		return errors.New("name the folder for the licences")
	}
	modules, err := license.Linked(ctx, ".", "./cmd/infrahub-mcp", "CGO_ENABLED=0")
	if err != nil {
		return err
	}
	return license.Save(arguments[0], modules)
}
