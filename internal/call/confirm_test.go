package call

import (
	"errors"
	"fmt"
	"testing"
)

func TestTheZeroDecisionPermitsNothing(t *testing.T) {
	var none Decision
	if none == Confirmed || none.String() != "unanswered" {
		t.Errorf("the zero value is %v", none)
	}
}

func TestDecisionsHaveNames(t *testing.T) {
	for decision, want := range map[Decision]string{Unanswered: "unanswered", Declined: "declined", Confirmed: "confirmed"} {
		if got := fmt.Sprint(decision); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestInputRequiredIsFoundInsideOtherErrors(t *testing.T) {
	err := fmt.Errorf("deleting a node: %w", &InputRequired{Subject: "leaf1", Question: "Delete leaf1?"})
	if asked, ok := errors.AsType[*InputRequired](err); !ok || asked.Subject != "leaf1" {
		t.Errorf("got %v", asked)
	}
}
