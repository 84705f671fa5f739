package seal

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"infrahub-mcp/internal/auth"
)

// artefact stands for whatever is sealed.
type artefact struct {
	Text   string   `json:"text"`
	List   []string `json:"list,omitempty"`
	Number int      `json:"number,omitempty"`
}

func kinds() []Kind { return []Kind{Client, Form, State, Code, Refresh, Answer} }

// text returns a signing key as the setting has it.
func text(letter string) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(letter, 32)))
}

func keys(t testing.TB, letters ...string) auth.Keys {
	t.Helper()
	var all []string
	for _, letter := range letters {
		all = append(all, text(letter))
	}
	k, err := auth.ParseKeys(strings.Join(all, ","))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func mustSeal(t testing.TB, b *Box, kind Kind, v any, life time.Duration) string {
	t.Helper()
	sealed, err := b.Seal(kind, v, life)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestWhatWasSealedIsReadAgain(t *testing.T) {
	box := New(auth.NewKeys())
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(kinds()).Draw(t, "kind")
		want := artefact{rapid.String().Draw(t, "text"), rapid.SliceOfN(rapid.String(), 1, 5).Draw(t, "list"), rapid.Int().Draw(t, "number")}
		sealed, err := box.Seal(kind, want, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		var got artefact
		if err := box.Open(kind, sealed, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-sealed +opened):\n%s", diff)
		}
	})
}

func TestASealedArtefactTellsNothing(t *testing.T) {
	box, secret := New(auth.NewKeys()), strings.Repeat("marked", 20)
	one, two := mustSeal(t, box, Code, secret, time.Minute), mustSeal(t, box, Code, secret, time.Minute)
	if one == two {
		t.Error("sealed twice, it is the same text")
	}
	if more := mustSeal(t, box, Code, strings.Repeat("m", len(secret)), time.Minute); len(more) != len(one) {
		t.Error("the length depends on more than the length")
	}
	for part := range strings.SplitSeq(one, ".") {
		raw, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), "marked") {
			t.Error("it can be read")
		}
	}
	header, _, _ := strings.Cut(one, ".")
	raw, _ := base64.RawURLEncoding.DecodeString(header)
	var got map[string]string
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	delete(got, "kid")
	if diff := cmp.Diff(map[string]string{"alg": "dir", "enc": "A256GCM", "typ": "imcp-code+jwe"}, got); diff != "" {
		t.Errorf("the header (-want +got):\n%s", diff)
	}
}

func TestOneKindIsNeverTakenForAnother(t *testing.T) {
	box, tokens := New(keys(t, "k")), NewTokens(keys(t, "k"), issuer, audience)
	token, err := tokens.Sign(access(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	for _, made := range kinds() {
		sealed := mustSeal(t, box, made, artefact{Text: "x"}, time.Hour)
		for _, asked := range append(kinds(), "", "unknown") {
			var v artefact
			if err := box.Open(asked, sealed, &v); (err == nil) != (made == asked) || err != nil && !errors.Is(err, ErrInvalid) {
				t.Errorf("%s as %q: %v", made, asked, err)
			}
		}
		if _, err := tokens.Verify(sealed); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s as an access token: %v", made, err)
		}
		if Own(sealed) {
			t.Errorf("%s looks like an access token", made)
		}
		if err := box.Open(made, token, new(artefact)); !errors.Is(err, ErrInvalid) {
			t.Errorf("an access token as %s: %v", made, err)
		}
		// Not even with the header of the other kind.
		for _, asked := range kinds() {
			header, _, _ := strings.Cut(mustSeal(t, box, asked, 1, 0), ".")
			_, rest, _ := strings.Cut(sealed, ".")
			if err := box.Open(asked, header+"."+rest, new(artefact)); (err == nil) != (made == asked) {
				t.Errorf("%s with the header of %s: %v", made, asked, err)
			}
		}
	}
}

func TestALifeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := New(auth.NewKeys())
		code := mustSeal(t, box, Code, artefact{}, time.Minute)
		client := mustSeal(t, box, Client, artefact{}, 0)
		time.Sleep(time.Minute - time.Millisecond)
		if err := box.Open(Code, code, new(artefact)); err != nil {
			t.Errorf("in its last moment: %v", err)
		}
		time.Sleep(time.Millisecond)
		if err := box.Open(Code, code, new(artefact)); !errors.Is(err, ErrExpired) {
			t.Errorf("after it: %v", err)
		}
		if err := box.Open(Form, code, new(artefact)); !errors.Is(err, ErrInvalid) {
			t.Errorf("expired, and of another kind: %v", err)
		}
		time.Sleep(50 * 365 * 24 * time.Hour)
		if err := box.Open(Client, client, new(artefact)); err != nil {
			t.Errorf("one without an end: %v", err)
		}
	})
}

func TestAKeyCanBeReplacedWhileArtefactsLive(t *testing.T) {
	before, during, after := New(keys(t, "o")), New(keys(t, "n", "o")), New(keys(t, "n"))
	sealed := mustSeal(t, before, Refresh, artefact{Text: "x"}, time.Hour)
	if err := during.Open(Refresh, sealed, new(artefact)); err != nil {
		t.Errorf("while the old key is listed: %v", err)
	}
	if err := after.Open(Refresh, sealed, new(artefact)); !errors.Is(err, ErrInvalid) {
		t.Errorf("after it was removed: %v", err)
	}
	sealed = mustSeal(t, during, Refresh, artefact{Text: "x"}, time.Hour)
	if err := after.Open(Refresh, sealed, new(artefact)); err != nil {
		t.Errorf("what is sealed meanwhile is not sealed with the first key: %v", err)
	}
	if err := before.Open(Refresh, sealed, new(artefact)); !errors.Is(err, ErrInvalid) {
		t.Errorf("a replica that does not know the new key: %v", err)
	}
}

// golden is the artefact that the test below reads, sealed as a Client.
const golden = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiNEo4emdFMFp5WkkiLCJ0eXAiOiJpbWNwLWNsaWVudCtqd2UifQ..Qjh-VkFqaWU9iaiv.Y-aGAHXobMVHev4sEKZNfoNIzlRNJCTA5-LnHWVvBG_b0wTDIk8FG86mR3IyYFg.qG977-MF0eMSBKByCrNpew"

// What other builds sealed has to open: a client_id has no end, and replicas of
// two versions run side by side during an upgrade.
func TestArtefactsOfOtherBuildsOpen(t *testing.T) {
	var got artefact
	if err := New(keys(t, "k")).Open(Client, golden, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(artefact{Text: "golden", List: []string{"a"}, Number: 7}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhateverIsChangedIsNoticed(t *testing.T) {
	box := New(auth.NewKeys())
	sealed := mustSeal(t, box, State, artefact{Text: "ab"}, time.Hour)
	for i := range sealed {
		for _, c := range []byte{'A', 'B', 'Q', 'g', '-', '.', '\n', '=', 0x80} {
			changed := sealed[:i] + string(c) + sealed[i+1:]
			if err := box.Open(State, changed, new(artefact)); changed != sealed && !errors.Is(err, ErrInvalid) {
				t.Errorf("character %d replaced by %q: %v", i, c, err)
			}
		}
		if err := box.Open(State, sealed[:i], new(artefact)); !errors.Is(err, ErrInvalid) {
			t.Errorf("cut after %d: %v", i, err)
		}
		if err := box.Open(State, sealed[:i]+"\n"+sealed[i:], new(artefact)); !errors.Is(err, ErrInvalid) {
			t.Errorf("a line break before character %d: %v", i, err)
		}
	}
	header, rest, _ := strings.Cut(sealed, "..")
	for name, changed := range map[string]string{
		"an encrypted key where none belongs": header + ".AAAA." + rest,
		"a part more":                         sealed + ".AAAA",
		"padding":                             sealed + "=",
		"a blank before":                      " " + sealed,
		"a line break after":                  sealed + "\r\n",
		"JSON serialization":                  `{"protected":"` + header + `"}`,
		"nothing":                             "",
	} {
		if err := box.Open(State, changed, new(artefact)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whoever has the right key still cannot ask for anything by the header.
func TestAHeaderCanAskForNothing(t *testing.T) {
	box := New(keys(t, "k"))
	key := keys(t, "k").Derive("oidc state")[0]
	plain := []byte(`{"v":{"text":"x"}}`)
	sealWith := func(t *testing.T, alg jose.KeyAlgorithm, enc jose.ContentEncryption, key any, kid string, typ jose.ContentType,
		change func(*jose.EncrypterOptions)) string {
		t.Helper()
		options := (&jose.EncrypterOptions{}).WithType(typ)
		if typ == "" {
			options = &jose.EncrypterOptions{}
		}
		if change != nil {
			change(options)
		}
		e, err := jose.NewEncrypter(enc, jose.Recipient{Algorithm: alg, Key: key, KeyID: kid}, options)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := encrypt(e, plain)
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
	with := func(name jose.HeaderKey, value any) func(*jose.EncrypterOptions) {
		return func(o *jose.EncrypterOptions) { o.WithHeader(name, value) }
	}
	const typ = "imcp-state+jwe"
	for name, sealed := range map[string]string{
		"another way to use the key": sealWith(t, jose.A256KW, jose.A256GCM, key.Key, key.ID, typ, nil),
		"a password as the key":      sealWith(t, jose.PBES2_HS256_A128KW, jose.A256GCM, key.Key, key.ID, typ, nil),
		"another encryption":         sealWith(t, jose.DIRECT, jose.A128CBC_HS256, key.Key, key.ID, typ, nil),
		"compression":                sealWith(t, jose.DIRECT, jose.A256GCM, key.Key, key.ID, typ, func(o *jose.EncrypterOptions) { o.Compression = jose.DEFLATE }),
		"another type":               sealWith(t, jose.DIRECT, jose.A256GCM, key.Key, key.ID, "imcp-code+jwe", nil),
		"no type":                    sealWith(t, jose.DIRECT, jose.A256GCM, key.Key, key.ID, "", nil),
		"another key id":             sealWith(t, jose.DIRECT, jose.A256GCM, key.Key, "other", typ, nil),
		"no key id":                  sealWith(t, jose.DIRECT, jose.A256GCM, key.Key, "", typ, nil),
		"an extension":               sealWith(t, jose.DIRECT, jose.A256GCM, key.Key, key.ID, typ, with("crit", []string{"exp"})),
		"a place to fetch a key":     sealWith(t, jose.DIRECT, jose.A256GCM, key.Key, key.ID, typ, with("jku", "https://attacker.example/jwks")),
	} {
		if err := box.Open(State, sealed, new(artefact)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := box.Open(State, sealWith(t, jose.DIRECT, jose.A256GCM, key.Key, key.ID, typ, nil), new(artefact)); err != nil {
		t.Errorf("nothing at all, so that the cases above mean something: %v", err)
	}
}

func TestSizesAreBounded(t *testing.T) {
	box := New(keys(t, "k"))
	if _, err := box.Seal(Client, strings.Repeat("x", maxSealed), 0); err == nil {
		t.Error("something too large was sealed")
	}
	sealed := mustSeal(t, box, Client, strings.Repeat("x", maxSealed*3/4-200), 0)
	if err := box.Open(Client, sealed, new(string)); err != nil {
		t.Errorf("of %d bytes: %v", len(sealed), err)
	}
	// It is refused for its size alone: it is well sealed.
	key := keys(t, "k").Derive("oidc client")[0]
	ring := newRing(Client, []auth.Derived{key})
	large, err := encrypt(ring.newest, []byte(`{"v":"`+strings.Repeat("x", maxSealed)+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Open(Client, large, new(string)); !errors.Is(err, ErrInvalid) {
		t.Errorf("of %d bytes: %v", len(large), err)
	}
}

func TestWhatCannotBeSealedIsAFaultThatQuotesNothing(t *testing.T) {
	box := New(auth.NewKeys())
	for _, test := range []struct {
		name string
		kind Kind
		v    any
		life time.Duration
	}{
		{"an unknown kind", "marked", 1, 0},
		{"no JSON", Code, map[string]any{"marked": math.Inf(1)}, 0},
		{"an end in the past", Code, "marked", -time.Second},
		{"too large", Code, strings.Repeat("marked", maxSealed), 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			sealed, err := box.Seal(test.kind, test.v, test.life)
			if err == nil || sealed != "" || strings.Contains(err.Error(), "marked") {
				t.Errorf("%q, %v", sealed, err)
			}
		})
	}
}

func TestAnArtefactOfAnotherShapeIsInvalid(t *testing.T) {
	box := New(keys(t, "k"))
	ring := newRing(Form, keys(t, "k").Derive("oidc form"))
	for name, plain := range map[string]string{
		"another type": `{"v":{"text":1}}`, "no value": `{}`, "no object": `[]`, "no JSON": `x`, "nothing": ``, "a bad end": `{"exp":"soon","v":{}}`,
	} {
		sealed, err := encrypt(ring.newest, []byte(plain))
		if err != nil {
			t.Fatal(err)
		}
		if err := box.Open(Form, sealed, new(artefact)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestManySealAndOpenAtOnce(t *testing.T) {
	box := New(auth.NewKeys())
	var all sync.WaitGroup
	for n := range 50 {
		all.Go(func() {
			kind := kinds()[n%5]
			sealed, err := box.Seal(kind, artefact{Number: n}, time.Hour)
			if err != nil {
				t.Error(err)
			}
			var got artefact
			if err := box.Open(kind, sealed, &got); err != nil || got.Number != n {
				t.Errorf("%d: %v, %v", n, got, err)
			}
		})
	}
	all.Wait()
}

func TestNothingPrintsAKey(t *testing.T) {
	signing := keys(t, "k")
	box, tokens := New(signing), NewTokens(signing, issuer, audience)
	nested := struct {
		Box    *Box
		tokens *Tokens
	}{box, tokens}
	var written strings.Builder
	for _, value := range []any{box, tokens, nested, &nested, []any{box, tokens}, map[string]any{"a": box, "b": tokens}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&written, verb+"\n", value)
		}
		_ = json.NewEncoder(&written).Encode(value)
	}
	for _, purpose := range []string{"oidc access", "oidc client", "oidc form", "oidc state", "oidc code", "oidc refresh"} {
		key := signing.Derive(purpose)[0].Key
		for _, spelling := range []string{
			string(key), hex.EncodeToString(key), base64.StdEncoding.EncodeToString(key), base64.RawURLEncoding.EncodeToString(key),
			strings.Trim(fmt.Sprint(key), "[]"), strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", key), "[]byte{"), "}"),
		} {
			if strings.Contains(written.String(), spelling) {
				t.Errorf("the key for %q is printed", purpose)
			}
		}
	}
}

func FuzzOpen(f *testing.F) {
	box := New(keys(f, "k"))
	for _, kind := range kinds() {
		f.Add(string(kind), golden)
		f.Add(string(kind), mustSeal(f, New(keys(f, "o")), kind, artefact{Text: "x"}, 0))
	}
	f.Add("client", strings.Replace(golden, "..", ".AAAA.", 1))
	f.Add("client", golden[:len(golden)-2])
	f.Add("client", golden+"\n")
	f.Add("client", "eyJhbGciOiJkaXIifQ....")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, kind, sealed string) {
		err := box.Open(Kind(kind), sealed, new(artefact))
		if err != nil && !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrExpired) {
			t.Errorf("another error: %v", err)
		}
		if err == nil && (kind != string(Client) || sealed != golden) {
			t.Errorf("it opens as %q, and was not sealed here: %q", kind, sealed)
		}
	})
}
