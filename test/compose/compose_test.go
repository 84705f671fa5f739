// Package compose reads the compose files of deploy as Docker Compose does, with
// its own loader, and checks what they promise. It is a module of its own because
// nothing else needs that loader.
package compose

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// ours is the service that runs the program.
const ours = "infrahub-mcp"

// files has each compose file, with what it wants to be given.
func files() map[string][]string {
	return map[string][]string{
		"compose.yaml": {"INFRAHUB_ADDRESS=https://infrahub.example.com", "INFRAHUB_API_TOKEN=token"},
		"compose.infrahub.yaml": {
			"INFRAHUB_ADMIN_PASSWORD=password", "INFRAHUB_API_TOKEN=token", "INFRAHUB_AGENT_TOKEN=agent", "INFRAHUB_SECRET_KEY=key",
		},
	}
}

func TestComposeTakesEachFile(t *testing.T) {
	known, err := filepath.Glob("../../deploy/compose*.yaml")
	if err != nil || len(known) != len(files()) {
		t.Fatalf("%v are there, and %d are tested: %v", known, len(files()), err)
	}
	for name, env := range files() {
		t.Run(name, func(t *testing.T) { load(t, name, env) })
	}
}

func TestComposeAsksForWhatIsMissing(t *testing.T) {
	for name, env := range files() {
		for i, variable := range env {
			variable, _, _ := strings.Cut(variable, "=")
			t.Run(name+" without "+variable, func(t *testing.T) {
				_, err := read(t.Context(), name, slices.Delete(slices.Clone(env), i, i+1))
				if err == nil || !strings.Contains(err.Error(), variable) {
					t.Errorf("want an error about %s, got %v", variable, err)
				}
			})
		}
	}
}

func TestTheServerMayDoNothingButServe(t *testing.T) {
	for name, env := range files() {
		t.Run(name, func(t *testing.T) {
			service := load(t, name, env).Services[ours]
			if !service.ReadOnly || service.Privileged || service.User != "" || len(service.Volumes) > 0 || len(service.CapAdd) > 0 {
				t.Errorf("it may do too much: %+v", service)
			}
			if !slices.Equal(service.CapDrop, []string{"ALL"}) || !slices.Equal(service.SecurityOpt, []string{"no-new-privileges:true"}) {
				t.Errorf("it keeps %v, %v", service.CapDrop, service.SecurityOpt)
			}
			if service.Build == nil || !filepath.IsAbs(service.Build.Context) || filepath.Base(service.Build.Dockerfile) != "Dockerfile" {
				t.Errorf("it is built from %+v", service.Build)
			}
		})
	}
}

func TestNothingIsReachedFromOutsideThisMachine(t *testing.T) {
	for name, env := range files() {
		t.Run(name, func(t *testing.T) {
			published := 0
			for _, service := range load(t, name, env).Services {
				for _, port := range service.Ports {
					published++
					if port.HostIP != "127.0.0.1" {
						t.Errorf("%s is reached at %q:%s", service.Name, port.HostIP, port.Published)
					}
				}
				if service.NetworkMode != "" {
					t.Errorf("%s has the network %s", service.Name, service.NetworkMode)
				}
			}
			if published == 0 {
				t.Error("nothing is reached at all")
			}
		})
	}
}

func TestEachServiceWaitsForWhatItNeedsUntilThatIsHealthy(t *testing.T) {
	project := load(t, "compose.infrahub.yaml", files()["compose.infrahub.yaml"])
	needs := map[string][]string{
		ours:              {"infrahub-server"},
		"infrahub-server": {"cache", "database", "message-queue", "task-manager"},
		"task-worker":     {"infrahub-server"},
		"task-manager":    {"task-manager-db"},
	}
	for _, service := range project.Services {
		if got := slices.Sorted(maps.Keys(service.DependsOn)); !slices.Equal(got, needs[service.Name]) {
			t.Errorf("%s waits for %v, not for %v", service.Name, got, needs[service.Name])
		}
		for on, dependency := range service.DependsOn {
			check := project.Services[on].HealthCheck
			if dependency.Condition != types.ServiceConditionHealthy || check == nil || len(check.Test) == 0 || check.Test[0] != "CMD" {
				t.Errorf("%s waits until %s is %s, which is found out by %+v", service.Name, on, dependency.Condition, check)
			}
		}
		if service.Restart != types.RestartPolicyUnlessStopped {
			t.Errorf("%s restarts %q", service.Name, service.Restart)
		}
	}
}

// TestVersionsArePinned keeps what works today working: a newer Infrahub is a
// decision.
func TestVersionsArePinned(t *testing.T) {
	for _, service := range load(t, "compose.infrahub.yaml", files()["compose.infrahub.yaml"]).Services {
		_, tag, found := strings.Cut(service.Image[strings.LastIndex(service.Image, "/")+1:], ":")
		if service.Name == ours {
			if found {
				t.Errorf("the image that is built here is called %s", service.Image)
			}
		} else if !found || strings.HasPrefix(tag, "latest") {
			t.Errorf("%s runs %s", service.Name, service.Image)
		}
		if service.Name == "infrahub-server" && !strings.HasPrefix(tag, "1.11.") {
			t.Errorf("it is Infrahub %s", tag)
		}
	}
}

// TestTheServerUsesTheTokenThatInfrahubIsGiven: else it would be refused.
func TestTheServerUsesTheTokenThatInfrahubIsGiven(t *testing.T) {
	services := load(t, "compose.infrahub.yaml", files()["compose.infrahub.yaml"]).Services
	for _, same := range []struct{ service, variable, other, as string }{
		{ours, "INFRAHUB_API_TOKEN", "infrahub-server", "INFRAHUB_INITIAL_ADMIN_TOKEN"},
		{"task-worker", "INFRAHUB_API_TOKEN", "infrahub-server", "INFRAHUB_INITIAL_AGENT_TOKEN"},
		{"task-worker", "INFRAHUB_SECURITY_SECRET_KEY", "infrahub-server", "INFRAHUB_SECURITY_SECRET_KEY"},
		{ours, "INFRAHUB_ADDRESS", "task-worker", "INFRAHUB_ADDRESS"},
	} {
		one, two := services[same.service].Environment[same.variable], services[same.other].Environment[same.as]
		if one == nil || two == nil || *one == "" || *one != *two {
			t.Errorf("%s of %s is not %s of %s", same.variable, same.service, same.as, same.other)
		}
	}
}

func load(t *testing.T, name string, env []string) *types.Project {
	t.Helper()
	project, err := read(t.Context(), name, env)
	if err != nil {
		t.Fatal(err)
	}
	if _, found := project.Services[ours]; !found {
		t.Fatalf("%s has no service %s", name, ours)
	}
	return project
}

// read loads a file as "docker compose -f" does: it is parsed, its variables are
// replaced, and it is held against the schema of the specification.
func read(ctx context.Context, name string, env []string) (*types.Project, error) {
	options, err := cli.NewProjectOptions(
		[]string{filepath.Join("..", "..", "deploy", name)},
		cli.WithEnv(env), cli.WithResolvedPaths(true), cli.WithDefaultProfiles(),
	)
	if err != nil {
		return nil, err
	}
	return options.LoadProject(ctx)
}
