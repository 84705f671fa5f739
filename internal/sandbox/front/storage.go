package front

import (
	"errors"
	"mime"
	"net/http"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/nodes"
)

// object answers GET /api/storage/object/{id}. It has no media type.
func (s *server) object(w http.ResponseWriter, c *call) error {
	return s.writeObject(w, c.PathValue("id"), "")
}

// upload answers POST /api/storage/upload/content.
func (s *server) upload(w http.ResponseWriter, c *call) error {
	f := formOf(c, true)
	content := []byte(f.text("content"))
	if err := f.err(); err != nil {
		return err
	}
	id := s.Base.Store.NewID()
	if err := s.Objects.Put(id, content); errors.Is(err, ErrFull) {
		return fault.New(http.StatusInsufficientStorage, "%s", ErrFull.Error())
	} else if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, exec.NewObject("identifier", id, "checksum", Checksum(content)))
	return nil
}

// writeObject answers with the content of an object.
func (s *server) writeObject(w http.ResponseWriter, id, mediaType string) error {
	content, ok := s.Objects.Get(id)
	if !ok {
		return fault.NoNode(id, "StorageObject")
	}
	writeBody(w, http.StatusOK, mediaType, content)
	return nil
}

// artifact answers GET /api/artifact/{id} with its content.
func (s *server) artifact(w http.ResponseWriter, c *call) error {
	n, err := c.node("CoreArtifact")
	if err != nil {
		return err
	}
	return s.writeObject(w, n.Text("storage_id"), n.Text("content_type"))
}

// generateArtifact answers POST /api/artifact/generate/{id}. The definition has
// to be there, and then nothing happens: the transformations of artifacts are in
// repositories, which a sandbox has none of.
func (s *server) generateArtifact(w http.ResponseWriter, c *call) error {
	if _, err := c.node("CoreArtifactDefinition"); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, nil)
	return nil
}

const fileKind = "CoreFileObject"

// file answers GET /api/storage/files/{id} with its content.
func (s *server) file(w http.ResponseWriter, c *call) error {
	n, err := c.node(fileKind)
	if err != nil {
		return err
	}
	return s.writeFile(w, c, n)
}

// fileByHFID answers GET /api/storage/files/by-hfid/{kind}?hfid=…&hfid=….
func (s *server) fileByHFID(w http.ResponseWriter, c *call) error {
	hfid := c.URL.Query()["hfid"]
	if len(hfid) == 0 {
		f := &form{}
		f.add("missing", []any{"query", "hfid"}, "Field required", nil)
		return f.err()
	}
	g, err := c.graph()
	if err != nil {
		return err
	}
	kind, err := g.Model.Lookup(c.PathValue("kind"))
	if err != nil {
		return err
	}
	if !g.Model.Implements(kind, fileKind) {
		return &detail{http.StatusBadRequest, "'" + kind.Name + "' is not a file object"}
	}
	n, err := g.ByHFID(kind, hfid)
	if err != nil {
		return err
	}
	return s.writeFile(w, c, n)
}

// fileByStorageID answers GET /api/storage/files/by-storage-id/{id}.
func (s *server) fileByStorageID(w http.ResponseWriter, c *call) error {
	g, err := c.graph()
	if err != nil {
		return err
	}
	id := c.PathValue("id")
	if kind := g.Model.Kind(fileKind); kind != nil {
		if found := g.Having(kind, "storage_id", id); len(found) > 0 {
			return s.writeFile(w, c, found[0])
		}
	}
	return fault.NoNode(id, fileKind)
}

func (s *server) writeFile(w http.ResponseWriter, c *call, n *nodes.Node) error {
	disposition := "attachment"
	if c.URL.Query().Get("preview") == "true" {
		disposition = "inline"
	}
	w.Header().Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": n.Text("file_name")}))
	err := s.writeObject(w, n.Text("storage_id"), n.Text("file_type"))
	if err != nil {
		w.Header().Del("Content-Disposition")
	}
	return err
}

// repositoryFile answers GET /api/file/{repository}/{path}: there is none.
func repositoryFile(_ http.ResponseWriter, c *call) error {
	if _, err := c.node("CoreGenericRepository"); err != nil {
		return err
	}
	return fault.New(http.StatusNotFound, "The sandbox holds no files of repositories.")
}

// transform answers GET /api/transform/…/{id}. What a transformation consists of
// is in a repository, so the sandbox runs none.
func transform(kind string) endpoint {
	return func(_ http.ResponseWriter, c *call) error {
		if _, err := c.node(kind); err != nil {
			return err
		}
		return fault.New(http.StatusNotImplemented, "The sandbox runs no transformations.")
	}
}

// diffFiles answers GET /api/diff/files: no branch changes files.
func (s *server) diffFiles(w http.ResponseWriter, c *call) error {
	if c.branch == s.main && !c.URL.Query().Has("time_from") {
		return fault.New(http.StatusBadRequest, "diff_from is mandatory when diffing on the default branch `%s`.", s.main)
	}
	writeJSON(w, http.StatusOK, exec.NewObject())
	return nil
}

// diffArtifacts answers GET /api/diff/artifacts: no branch changes artifacts.
func (s *server) diffArtifacts(w http.ResponseWriter, _ *call) error {
	writeJSON(w, http.StatusOK, exec.NewObject())
	return nil
}
