package cli

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestTheVersionIsTakenFromTheBuild(t *testing.T) {
	vcs := func(revision, modified string) []debug.BuildSetting {
		return []debug.BuildSetting{{Key: "vcs.revision", Value: revision}, {Key: "vcs.modified", Value: modified}}
	}
	platform := runtime.GOOS + "/" + runtime.GOARCH
	tests := []struct {
		name            string
		info            debug.BuildInfo
		version, commit string
		want            string
	}{
		{"nothing is known", debug.BuildInfo{}, "", "", "infrahub-mcp devel (commit unknown, " + runtime.Version() + ", " + platform + ")"},
		{
			"a clean tree", debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: "v1.2.3"}, Settings: vcs("0123456789abcdef0123", "false")}, "", "",
			"infrahub-mcp v1.2.3 (commit 0123456789ab, go1.26.8, " + platform + ")",
		},
		{
			"a changed tree", debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: "(devel)"}, Settings: vcs("0123456789abcdef0123", "true")}, "", "",
			"infrahub-mcp devel (commit 0123456789ab-modified, go1.26.8, " + platform + ")",
		},
		{
			"a release", debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: "(devel)"}, Settings: vcs("0123", "false")}, "v2.0.0", "fedcba9",
			"infrahub-mcp v2.0.0 (commit fedcba9, go1.26.8, " + platform + ")",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := buildOf(&test.info, test.version, test.commit).String(); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}
