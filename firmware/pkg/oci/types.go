package oci

import "time"

// The documents of image-spec v1.1, as far as we write them.

// descriptor is descriptor.md.
type descriptor struct {
	Type     string            `json:"mediaType"`
	Digest   string            `json:"digest"`
	Size     int64             `json:"size"`
	Platform *platform         `json:"platform,omitempty"`
	Notes    map[string]string `json:"annotations,omitempty"`
}

type platform struct {
	Arch    string `json:"architecture"`
	System  string `json:"os"`
	Variant string `json:"variant,omitempty"`
}

// index is image-index.md.
type index struct {
	Version   int               `json:"schemaVersion"`
	Type      string            `json:"mediaType"`
	Manifests []descriptor      `json:"manifests"`
	Notes     map[string]string `json:"annotations,omitempty"`
}

// manifest is manifest.md.
type manifest struct {
	Version int          `json:"schemaVersion"`
	Type    string       `json:"mediaType"`
	Config  descriptor   `json:"config"`
	Layers  []descriptor `json:"layers"`
}

// config is config.md.
type config struct {
	Created time.Time `json:"created"`
	Arch    string    `json:"architecture"`
	Variant string    `json:"variant,omitempty"`
	System  string    `json:"os"`
	Run     settings  `json:"config"`
	Root    struct {
		Type   string   `json:"type"`
		Layers []string `json:"diff_ids"`
	} `json:"rootfs"`
	History []history `json:"history"`
}

type settings struct {
	User    string              `json:"User"`
	Ports   map[string]struct{} `json:"ExposedPorts"`
	Env     []string            `json:"Env"`
	Entry   []string            `json:"Entrypoint"`
	Command []string            `json:"Cmd"`
	Volumes map[string]struct{} `json:"Volumes"`
	Folder  string              `json:"WorkingDir"`
	Labels  map[string]string   `json:"Labels"`
	Stop    string              `json:"StopSignal"`
}

type history struct {
	Created time.Time `json:"created"`
	By      string    `json:"created_by"`
}

// layer is a layer and the digest of its tar archive before compression.
type layer struct {
	descriptor
	plain string
}
