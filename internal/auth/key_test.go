package auth

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func mustParseKeys(t *testing.T, text string) Keys {
	t.Helper()
	k, err := ParseKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var (
	oldKey = encode(strings.Repeat("o", 32))
	newKey = encode(strings.Repeat("n", 40))
)

func TestReplicasWithTheSameKeyAgree(t *testing.T) {
	a, b := mustParseKeys(t, newKey), mustParseKeys(t, " "+newKey+" ")
	if a.Name("principal", "x") != b.Name("principal", "x") || !b.Valid(a.Tag("session", "x"), "session", "x") {
		t.Error("two replicas with one key differ")
	}
	if one, two := NewKeys(), NewKeys(); one.Name("principal", "x") == two.Name("principal", "x") {
		t.Error("two processes without a key agree")
	}
}

func TestAKeyCanBeReplacedWhileItIsInUse(t *testing.T) {
	before, during, after := mustParseKeys(t, oldKey), mustParseKeys(t, newKey+", "+oldKey), mustParseKeys(t, newKey)
	tag := before.Tag("session", "id")
	if !during.Valid(tag, "session", "id") {
		t.Error("a tag of the old key is refused while it is listed")
	}
	if after.Valid(tag, "session", "id") {
		t.Error("a tag of the old key is taken after it was removed")
	}
	if tag := during.Tag("session", "id"); !after.Valid(tag, "session", "id") || !during.Valid(tag, "session", "id") {
		t.Error("new tags are not made with the first key")
	}
	name := before.Name("principal", "x")
	if during.Name("principal", "x") != name {
		t.Error("a new key in front of the old one changes names")
	}
	if after.Name("principal", "x") == name {
		t.Error("a name is made with a key that was removed")
	}

	running := before
	running.Replace(during)
	if !slices.EqualFunc(before.Derive("sessions"), during.Derive("sessions"), func(a, b Derived) bool { return a.ID == b.ID && slices.Equal(a.Key, b.Key) }) {
		t.Error("replaced keys are not those that were put in their place")
	}
}

func TestTagsAreGoodForOnePurposeAndOneListOfParts(t *testing.T) {
	keys := NewKeys()
	// Few letters, so that lists often are alike but for where parts begin.
	parts := rapid.SliceOfN(rapid.StringMatching(`[ab]{0,2}`), 0, 3)
	purpose := rapid.SampledFrom([]string{"session", "principal"})
	rapid.Check(t, func(t *rapid.T) {
		p, q := purpose.Draw(t, "p"), purpose.Draw(t, "q")
		a, b := parts.Draw(t, "a"), parts.Draw(t, "b")
		same := p == q && slices.Equal(a, b)
		if keys.Valid(keys.Tag(p, a...), q, b...) != same || (keys.Name(p, a...) == keys.Name(q, b...)) != same {
			t.Errorf("%s %q and %s %q", p, a, q, b)
		}
	})
}

func TestATagThatWasChangedIsRefused(t *testing.T) {
	keys := NewKeys()
	tag := keys.Tag("session", "id")
	for i := range tag {
		changed := slices.Clone(tag)
		changed[i] ^= 1
		if keys.Valid(changed, "session", "id") {
			t.Errorf("byte %d does not matter", i)
		}
	}
	for _, cut := range [][]byte{nil, {}, tag[:16], append(slices.Clone(tag), 0)} {
		if keys.Valid(cut, "session", "id") {
			t.Errorf("a tag of %d bytes is taken", len(cut))
		}
	}
}

func TestBadSigningKeysAreRefusedWithoutQuotingThem(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":     "",
		"no base64":   marked + "!",
		"too short":   encode(marked),
		"the second":  newKey + "," + encode(marked),
		"an end":      newKey + ",",
		"another way": strings.Repeat("_-", 30),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseKeys(text)
			if err == nil {
				t.Fatal("it was taken")
			}
			if strings.Contains(err.Error(), marked) || strings.Contains(err.Error(), encode(marked)) {
				t.Errorf("the key is in: %v", err)
			}
		})
	}
}

func BenchmarkName(b *testing.B) {
	keys := NewKeys()
	for b.Loop() {
		keys.Name("principal", "token-passthrough", "06438eb2-8019-4776-878c-0941b1f1d1ec")
	}
}

func TestDerivedKeysAreOfOneSecretAndOnePurpose(t *testing.T) {
	keys := mustParseKeys(t, newKey+","+oldKey)
	derived, other := keys.Derive("sessions"), keys.Derive("tokens")
	if len(derived) != 2 || len(derived[0].Key) != 32 || len(derived[0].ID) != 11 {
		t.Fatalf("%d keys of %d bytes, named %q", len(derived), len(derived[0].Key), derived[0].ID)
	}
	all := map[string]bool{}
	for i := range derived {
		if derived[i].ID != other[i].ID {
			t.Error("one secret has two names")
		}
		all[string(derived[i].Key)], all[string(other[i].Key)] = true, true
	}
	if len(all) != 4 || derived[0].ID == derived[1].ID {
		t.Error("two secrets, or two purposes, have the same key")
	}
	if alone := mustParseKeys(t, newKey).Derive("sessions"); !slices.Equal(alone[0].Key, derived[0].Key) || alone[0].ID != derived[0].ID {
		t.Error("the newest secret is not the first, or its key depends on the others")
	}
}

func TestKeysOfASecretAreTheSameEverywhereAndDoNotShowIt(t *testing.T) {
	a, b, other := KeysOf("secret of a client"), KeysOf("secret of a client"), KeysOf("another secret")
	if a.Name("principal", "x") != b.Name("principal", "x") || a.Name("principal", "x") == other.Name("principal", "x") {
		t.Error("keys of one secret differ, or keys of two are the same")
	}
	if text := fmt.Sprintf("%v %+v %#v", a, a, a); strings.Contains(text, "secret of") {
		t.Errorf("printed: %s", text)
	}
}
