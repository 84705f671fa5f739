package seal

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"infrahub-mcp/internal/auth"
)

func BenchmarkVerify(b *testing.B) {
	tokens := NewTokens(auth.NewKeys(), issuer, audience)
	token, err := tokens.Sign(access(time.Now()))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tokens.Verify(token); err != nil {
			b.Fatal(err)
		}
	}
}

// The costliest forgeries: their header is one of ours, or is not, and the
// claims are as large as can be.
func BenchmarkVerifyForgery(b *testing.B) {
	tokens := NewTokens(auth.NewKeys(), issuer, audience)
	token, err := tokens.Sign(access(time.Now()))
	if err != nil {
		b.Fatal(err)
	}
	header, _, _ := strings.Cut(token, ".")
	for name, header := range map[string]string{"ours": header, "foreign": header[:len(header)-1]} {
		b.Run(name, func(b *testing.B) {
			forged := forgery(header)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := tokens.Verify(forged); err == nil {
					b.Fatal("it was taken")
				}
			}
		})
	}
}

// forgery returns a token of the greatest length, whose claims are costly to
// read and whose signature is wrong.
func forgery(header string) string {
	room := base64.RawURLEncoding.DecodedLen(maxToken - len(header) - 2 - 43)
	text := `{"aud":[` + strings.Repeat(`"",`, (room-20)/3) + `""]}`
	return header + "." + base64.RawURLEncoding.EncodeToString([]byte(text)) + "." + strings.Repeat("A", 43)
}

func BenchmarkSign(b *testing.B) {
	tokens := NewTokens(auth.NewKeys(), issuer, audience)
	a := access(time.Now())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tokens.Sign(a); err != nil {
			b.Fatal(err)
		}
	}
}

// large is a refresh token that carries one of the provider.
func large() artefact {
	return artefact{Text: strings.Repeat("r", 1300), List: []string{"infrahub:write"}, Number: 1}
}

func BenchmarkSeal(b *testing.B) {
	box, v := New(auth.NewKeys()), large()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := box.Seal(Refresh, v, time.Hour); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	box := New(auth.NewKeys())
	sealed, err := box.Seal(Refresh, large(), time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		var v artefact
		if err := box.Open(Refresh, sealed, &v); err != nil {
			b.Fatal(err)
		}
	}
}
