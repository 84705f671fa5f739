package store

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Branch describes a branch as it is now.
type Branch struct {
	ID          string
	Name        string
	Description string
	Status      Status
	// BranchedFrom is the time up to which the branch shows the data of the
	// default branch. A rebase moves it.
	BranchedFrom time.Time
	CreatedAt    time.Time
	CreatedBy    string
	IsDefault    bool
	SyncWithGit  bool
	// SchemaHash is kept for the caller, who keeps the schemas.
	SchemaHash string
}

// Status is the state of a branch, in the words of Infrahub. The store itself
// sets StatusOpen and StatusMerged, and refuses writes for the latter alone.
type Status string

// The states of a branch.
const (
	StatusOpen              Status = "OPEN"
	StatusNeedRebase        Status = "NEED_REBASE"
	StatusNeedUpgradeRebase Status = "NEED_UPGRADE_REBASE"
	StatusDeleting          Status = "DELETING"
	StatusMerging           Status = "MERGING"
	StatusMergeFailed       Status = "MERGE_FAILED"
	StatusMerged            Status = "MERGED"
)

// branch is a Branch and the layers it has had.
type branch struct {
	Branch
	spans []span // oldest first
}

// span says that a branch has used a layer since a commit.
type span struct {
	start, layer uint32
}

func (b *branch) current() span {
	return b.spans[len(b.spans)-1]
}

// at returns the span of a commit. Before its creation, a branch is the default
// branch.
func (b *branch) at(commit uint32) span {
	for _, s := range slices.Backward(b.spans) {
		if s.start <= commit {
			return s
		}
	}
	return span{start: 1, layer: defaultLayer}
}

// NewBranch describes a branch to be created.
type NewBranch struct {
	Name        string
	Description string
	// At is the time up to which the branch shows the data of the default
	// branch; now when zero or in the future.
	At          time.Time
	CreatedBy   string
	SyncWithGit bool
	// SchemaHash is that of the default branch when empty.
	SchemaHash string
}

// CreateBranch creates a branch. It copies nothing and takes the same short time
// whatever the store holds. Which names are good is for the caller to say. The
// errors are ErrBranchExists, and ErrBeforeStart.
func (s *Store) CreateBranch(n NewBranch) (Branch, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.find(n.Name); err == nil {
		return Branch{}, fmt.Errorf("%w: %q", ErrBranchExists, n.Name)
	}
	base, err := s.commitAt(n.At)
	if err != nil {
		return Branch{}, err
	}
	now := s.tick()
	from := fromMicro(now)
	s.committed = s.log.addCommit(now)
	if n.At.IsZero() || n.At.After(from) {
		base = s.committed
	} else {
		from = n.At.UTC().Truncate(time.Microsecond)
	}
	b := &branch{
		Branch: Branch{
			ID:           s.NewID(),
			Name:         n.Name,
			Description:  n.Description,
			Status:       StatusOpen,
			BranchedFrom: from,
			CreatedAt:    fromMicro(now),
			CreatedBy:    n.CreatedBy,
			SyncWithGit:  n.SyncWithGit,
			SchemaHash:   cmp.Or(n.SchemaHash, s.branches[0].SchemaHash),
		},
		spans: []span{{start: s.committed, layer: s.log.addLayer(base)}},
	}
	s.branches = append(s.branches, b)
	return b.Branch, nil
}

// Branch returns a branch by its name, or ErrNoBranch.
func (s *Store) Branch(name string) (Branch, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.find(name)
	if err != nil {
		return Branch{}, err
	}
	return b.Branch, nil
}

// Default returns the default branch.
func (s *Store) Default() Branch {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.branches[0].Branch
}

// Branches returns all branches, the default one first and the others in the
// order of their creation.
func (s *Store) Branches() []Branch {
	s.mu.RLock()
	defer s.mu.RUnlock()
	branches := make([]Branch, len(s.branches))
	for i, b := range s.branches {
		branches[i] = b.Branch
	}
	return branches
}

// BranchEdit says what to change of a branch; what is nil stays.
type BranchEdit struct {
	Description *string
	Status      *Status
	SchemaHash  *string
	SyncWithGit *bool
}

// EditBranch changes what describes a branch. Unlike data, it has no history. It
// may be called inside a transaction, but is not part of it. The error is
// ErrNoBranch.
func (s *Store) EditBranch(name string, edit BranchEdit) (Branch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.find(name)
	if err != nil {
		return Branch{}, err
	}
	set(&b.Description, edit.Description)
	set(&b.Status, edit.Status)
	set(&b.SchemaHash, edit.SchemaHash)
	set(&b.SyncWithGit, edit.SyncWithGit)
	return b.Branch, nil
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// DeleteBranch deletes a branch. Its own facts stay in the log, where no new
// view sees them. The errors are ErrNoBranch and ErrDefaultBranch.
func (s *Store) DeleteBranch(name string) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.findOther(name)
	if err != nil {
		return err
	}
	s.branches = slices.DeleteFunc(s.branches, func(other *branch) bool { return other == b })
	return nil
}

func (s *Store) find(name string) (*branch, error) {
	for _, b := range s.branches {
		if b.Name == name {
			return b, nil
		}
	}
	return nil, fmt.Errorf("%w: %q", ErrNoBranch, name)
}

// findOther finds a branch that is not the default one.
func (s *Store) findOther(name string) (*branch, error) {
	b, err := s.find(name)
	if err != nil {
		return nil, err
	}
	if b.IsDefault {
		return nil, fmt.Errorf("%w: %q", ErrDefaultBranch, name)
	}
	return b, nil
}

// findOpen finds a branch that is neither the default one nor merged.
func (s *Store) findOpen(name string) (*branch, error) {
	b, err := s.findOther(name)
	if err != nil {
		return nil, err
	}
	if b.Status == StatusMerged {
		return nil, fmt.Errorf("%w: %q", ErrMerged, name)
	}
	return b, nil
}

// addLayer adds a layer that sees the default branch up to a commit.
func (l *log) addLayer(base uint32) uint32 {
	layer := size(l.layers)
	l.layers = append(l.layers, base)
	return layer
}
