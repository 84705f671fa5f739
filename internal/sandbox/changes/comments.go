package changes

import (
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
)

// Comments keeps the number of comments of proposed changes (the read-only
// attribute total_comments) up to date.
type Comments struct{}

var _ nodes.Rule = Comments{}

// Changed implements nodes.Rule.
func (Comments) Changed(w *nodes.Writer, n *nodes.Node, action nodes.Action) error {
	if n.Kind == proposalKind && action == nodes.Created {
		return w.SetAttribute(n, "total_comments", int64(len(comments(n))))
	}
	if !n.Is("CoreComment") && !n.Is("CoreThread") {
		return nil
	}
	for _, above := range append(n.Related("change"), threadsAbove(n)...) {
		total := 0
		for _, id := range comments(above) {
			if action != nodes.Deleted || id != n.ID {
				total++
			}
		}
		if err := w.SetAttribute(above, "total_comments", int64(total)); err != nil {
			return err
		}
	}
	return nil
}

// threadsAbove returns the proposed changes of the thread of a comment.
func threadsAbove(n *nodes.Node) []*nodes.Node {
	var changes []*nodes.Node
	for _, thread := range n.Related("thread") {
		changes = append(changes, thread.Related("change")...)
	}
	return changes
}

// comments returns the ids of the comments of a proposed change and its threads.
func comments(n *nodes.Node) []string {
	ids := peerIDs(n, "comments")
	for _, thread := range n.Related("threads") {
		ids = append(ids, peerIDs(thread, "comments")...)
	}
	return ids
}

// FromPool implements nodes.Rule.
func (Comments) FromPool(*nodes.Writer, *model.Kind, string, map[string]any) (any, bool, error) {
	return nil, false, nil
}
