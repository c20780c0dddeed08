package rules

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// pureRooms are the rooms that make up the guest's machine. What they do follows
// from the image, the configuration and the input log alone.
var pureRooms = []string{"x86", "bus", "decoder", "mmu", "cpu", "translator", "devices", "bios", "."}

// Pure tells whether the packages of a folder are held to Purity.
func Pure(dir string) bool {
	r := find(dir)
	return r != nil && slices.Contains(pureRooms, r.dir)
}

// hostPackages let a package see the host, or chance.
var hostPackages = []string{"math/rand", "math/rand/v2", "crypto/rand", "net", "os/exec", "os/signal"}

// wallClock are the functions of package time that read or wait for the host's clock.
var wallClock = []string{
	"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker",
}

// exactMath are the names of package math that give the same result on every host.
var exactMath = regexp.MustCompile(`^(Float(32|64)(from)?bits|FMA|Sqrt|Max[A-Z].*|Min[A-Z].*)$`)

// Source is one file of a package.
type Source struct {
	// Path is from the module's root, with slashes.
	Path string
	Text []byte
}

// Purity checks the files of one package, tests left out, and returns a line for
// each breach: reading the host's clock, starting a goroutine, using chance or
// inexact arithmetic, and variables of the package that change once it is
// initialised.
func Purity(files []Source) ([]string, error) {
	set := token.NewFileSet()
	var parsed []*ast.File
	for _, f := range files {
		if strings.HasSuffix(f.Path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, f.Path, f.Text, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, file)
	}
	p := &purity{set: set}
	for _, file := range parsed {
		p.imports(file)
		p.uses(file)
	}
	p.variables(parsed)
	return p.found, nil
}

type purity struct {
	set   *token.FileSet
	found []string
}

func (p *purity) add(at token.Pos, format string, args ...any) {
	where := p.set.Position(at)
	p.found = append(p.found, fmt.Sprintf("%s:%d: %s", where.Filename, where.Line, fmt.Sprintf(format, args...)))
}

func (p *purity) imports(file *ast.File) {
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err == nil && slices.Contains(hostPackages, name) {
			p.add(spec.Pos(), "imports %s", name)
		}
	}
}

// uses looks for goroutines and for functions of time and math.
func (p *purity) uses(file *ast.File) {
	names := importNames(file)
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			p.add(n.Pos(), "starts a goroutine")
		case *ast.SelectorExpr:
			pkg, ok := n.X.(*ast.Ident)
			if !ok {
				break
			}
			switch names[pkg.Name] {
			case "time":
				if slices.Contains(wallClock, n.Sel.Name) {
					p.add(n.Pos(), "reads the host's clock: time.%s", n.Sel.Name)
				}
			case "math":
				if !exactMath.MatchString(n.Sel.Name) {
					p.add(n.Pos(), "math.%s may differ between hosts", n.Sel.Name)
				}
			}
		}
		return true
	})
}

// importNames maps the names by which a file calls its imports to their paths.
func importNames(file *ast.File) map[string]string {
	names := make(map[string]string)
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		local := path.Base(name)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		names[local] = name
	}
	return names
}

// variables looks for package-level variables that a function other than init
// assigns to, and for ones whose type is made to be changed.
func (p *purity) variables(files []*ast.File) {
	info := &types.Info{Defs: make(map[*ast.Ident]types.Object), Uses: make(map[*ast.Ident]types.Object)}
	// Imports are not followed and types not known: only which name means which
	// variable is asked for, and that is found all the same.
	config := types.Config{Error: func(error) {}, Importer: noImports{}, FakeImportC: true}
	pkg, _ := config.Check("p", p.set, files, info)
	if pkg == nil {
		return
	}
	global := func(e ast.Expr) *types.Var {
		v, ok := info.Uses[base(e)].(*types.Var)
		if !ok || v.Parent() != pkg.Scope() {
			return nil
		}
		return v
	}
	for _, file := range files {
		for _, decl := range file.Decls {
			switch d := decl.(type) {
			case *ast.GenDecl:
				p.mutableTypes(d)
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name == "init" {
					continue
				}
				p.assignments(d, global)
			}
		}
	}
}

// noImports makes every import an empty package.
type noImports struct{}

func (noImports) Import(name string) (*types.Package, error) {
	pkg := types.NewPackage(name, path.Base(name))
	pkg.MarkComplete()
	return pkg, nil
}

// base is the identifier at the root of an expression that can be assigned to:
// x in x, x[i], x.f, *x and (x). It is nil where there is none.
func base(e ast.Expr) *ast.Ident {
	for {
		switch n := e.(type) {
		case *ast.Ident:
			return n
		case *ast.IndexExpr:
			e = n.X
		case *ast.SelectorExpr:
			e = n.X
		case *ast.StarExpr:
			e = n.X
		case *ast.ParenExpr:
			e = n.X
		case *ast.SliceExpr:
			e = n.X
		default:
			return nil
		}
	}
}

// mutableTypes reports variables of a channel type or of one from sync.
func (p *purity) mutableTypes(d *ast.GenDecl) {
	if d.Tok != token.VAR {
		return
	}
	for _, spec := range d.Specs {
		value, ok := spec.(*ast.ValueSpec)
		if !ok || value.Type == nil {
			continue
		}
		ast.Inspect(value.Type, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncType:
				return false
			case *ast.ChanType:
				p.add(value.Pos(), "package-level variable %s holds a channel", value.Names[0].Name)
			case *ast.SelectorExpr:
				pkg, ok := n.X.(*ast.Ident)
				if ok && (pkg.Name == "sync" || pkg.Name == "atomic") {
					p.add(value.Pos(), "package-level variable %s is a %s.%s", value.Names[0].Name, pkg.Name, n.Sel.Name)
				}
			}
			return true
		})
	}
}

func (p *purity) assignments(f *ast.FuncDecl, global func(ast.Expr) *types.Var) {
	check := func(e ast.Expr) {
		if e == nil {
			return
		}
		if v := global(e); v != nil {
			p.add(e.Pos(), "%s changes the package-level variable %s", f.Name.Name, v.Name())
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				break
			}
			for _, left := range n.Lhs {
				check(left)
			}
		case *ast.IncDecStmt:
			check(n.X)
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				check(n.Key)
				check(n.Value)
			}
		case *ast.CallExpr:
			p.builtinWrites(n, check)
		}
		return true
	})
}

// builtinWrites reports what delete, clear and copy change.
func (p *purity) builtinWrites(call *ast.CallExpr, check func(ast.Expr)) {
	name, ok := call.Fun.(*ast.Ident)
	if !ok || len(call.Args) == 0 {
		return
	}
	switch name.Name {
	case "delete", "clear", "copy":
		check(call.Args[0])
	}
}
