package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/spf13/cobra"

	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/sandbox"
	"infrahub-mcp/internal/sandbox/front"
	"infrahub-mcp/internal/sandbox/seed"
	"infrahub-mcp/internal/telemetry"
)

// newSandbox returns the command that serves an Infrahub in memory.
func newSandbox(streams Streams) *cobra.Command {
	var listen, data, emulate string
	var o sandbox.Options
	command := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve an Infrahub in memory, with demo data, for trials and tests",
		Long: `Serve an Infrahub in memory: its REST and GraphQL interface with branches, time
travel, diffs, proposed changes, accounts and permissions, over a demo model and
demo data. Any client of Infrahub can talk to it. It guards nothing: its accounts
and tokens are public, and all data is gone at the end unless --data names a file.`,
		Example: `  ` + name + ` sandbox

  # Keep the data for the next time
  ` + name + ` sandbox --data trial.db

  # In another terminal
  INFRAHUB_ADDRESS=http://127.0.0.1:8000 INFRAHUB_API_TOKEN=` + adminToken() + ` ` + name,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			o.Emulate = front.Generation(emulate)
			if o.Emulate != front.V1_11 && o.Emulate != front.V1_9 {
				return &usageError{fmt.Sprintf("--emulate is %q, but must be %s or %s.", emulate, front.V1_11, front.V1_9), command.CommandPath()}
			}
			if o.AccessLifetime <= 0 {
				return &usageError{fmt.Sprintf("--token-lifetime is %s, but must be above zero.", o.AccessLifetime), command.CommandPath()}
			}
			if o.Devices < 0 || o.Devices > mostDevices {
				return &usageError{fmt.Sprintf("--devices is %d, but must be 0 to %d.", o.Devices, mostDevices), command.CommandPath()}
			}
			logger := telemetry.NewLogger(streams.Err, telemetry.LogOptions{Level: "info"})
			o.Logger = logger
			box, err := startSandbox(command.Context(), listen, data, o, logger)
			if err != nil {
				return err
			}
			say(streams.Err, "this is a sandbox: an Infrahub %s in memory with made-up data, at %s", o.Emulate.Version(), box.address)
			for _, account := range seed.Accounts() {
				say(streams.Err, "account %-8s  password %-8s  token %s", account.Name, account.Password, account.Token)
			}
			return box.wait()
		},
	}
	flags := command.Flags()
	flags.SortFlags = false
	flags.StringVar(&listen, "listen", "127.0.0.1:8000", "Address and port to listen on; port 0 takes any free one.")
	flags.StringVar(&data, "data", "", "File that the data is loaded from, if it exists, and saved to.")
	flags.IntVar(&o.Devices, "devices", demoDevices, "Devices in the demo data; 0 for no demo data and no demo model.")
	flags.StringVar(&emulate, "emulate", string(front.V1_11), "Generation of Infrahub whose errors it answers: 1.11 or 1.9.")
	flags.BoolVar(&o.DenyAnonymous, "deny-anonymous", false, "Refuse requests without a credential, which may read otherwise.")
	flags.DurationVar(&o.AccessLifetime, "token-lifetime", time.Hour, "Lifetime of the access token that a login gives.")
	flags.BoolVar(&o.Faults, "faults", false, "Open /sandbox/faults, where anybody can make the sandbox misbehave, for tests.")
	return command
}

const (
	demoDevices = 40
	mostDevices = 60_000 // what the demo data has addresses for
)

// adminToken is the token of the sandbox's administrator.
func adminToken() string { return seed.Accounts()[0].Token }

// runningSandbox is a sandbox that serves.
type runningSandbox struct {
	address string // http://host:port
	stop    context.CancelFunc
	ended   chan error
}

// wait returns when the sandbox has ended.
func (r *runningSandbox) wait() error { return <-r.ended }

// end stops the sandbox and waits until its data is saved.
func (r *runningSandbox) end() error {
	r.stop()
	return <-r.ended
}

// startSandbox serves a sandbox until ctx ends.
func startSandbox(ctx context.Context, listen, data string, o sandbox.Options, logger *slog.Logger) (*runningSandbox, error) {
	var box *sandbox.Sandbox
	var err error
	if data == "" {
		box, err = sandbox.New(o)
	} else {
		box, err = sandbox.Open(data, o)
	}
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	if address, ok := listener.Addr().(*net.TCPAddr); ok && !address.IP.IsLoopback() {
		logger.Warn("the sandbox listens beyond this machine, and its tokens and passwords are public", "address", listener.Addr().String())
	}
	ctx, stop := context.WithCancel(ctx)
	running := &runningSandbox{address: "http://" + listener.Addr().String(), stop: stop, ended: make(chan error, 1)}
	go func() {
		running.ended <- box.Serve(ctx, listener, sandbox.ServeOptions{Data: data, Logger: logger})
	}()
	return running, nil
}

// sandboxed is the configuration of a server for a sandbox that it starts itself
// on a free port of loopback.
func sandboxed(ctx context.Context, flags config.Flags, data string, streams Streams) (*config.Config, []string, *runningSandbox, error) {
	logger := telemetry.NewLogger(streams.Err, telemetry.LogOptions{Level: "warning"})
	// It ends after the server, which may still finish calls.
	box, err := startSandbox(context.WithoutCancel(ctx), "127.0.0.1:0", data, sandbox.Options{Devices: demoDevices, Logger: logger}, logger)
	if err != nil {
		return nil, nil, nil, err
	}
	settings, warnings, err := config.LoadFor(flags, box.address, config.Secret(adminToken()))
	if err != nil {
		return nil, warnings, nil, errors.Join(err, box.end())
	}
	say(streams.Err, "this is a sandbox: an Infrahub in memory with made-up data, at %s", box.address)
	return settings, warnings, box, nil
}
