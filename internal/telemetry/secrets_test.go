package telemetry

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestSecretsThatComeLaterAreHiddenBesideThoseBefore(t *testing.T) {
	secrets := NewSecrets("from-the-start")
	var out bytes.Buffer
	log := NewLogger(&out, LogOptions{Format: FormatText, Secrets: secrets})
	for i := range maxAdded + 1 {
		secrets.Add(fmt.Sprintf("later-%03d", i))
	}
	log.Info("m", "a", "from-the-start", "b", "later-001", "c", fmt.Sprintf("later-%03d", maxAdded), "d", "later-000")
	want := fmt.Sprintf(`a=%s b=%[1]s c=%[1]s d=later-000`, Hidden) // the oldest of too many is forgotten
	if line := out.String(); !strings.Contains(line, want) {
		t.Errorf("want %s in %s", want, line)
	}
}

func TestSecretsCanBeAddedWhileLinesAreWritten(t *testing.T) {
	secrets := NewSecrets()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 20 {
				secret := fmt.Sprintf("secret-%02d", i)
				secrets.Add(secret)
				if text := secrets.hide(secret); text != Hidden {
					t.Errorf("%s is shown as %s", secret, text)
				}
			}
		})
	}
	all.Wait()
}
