// Measures TypeScript for the house rules (test/house_test.go, which holds the budgets).
// stdin: [{"path":…,"source":…}]   stdout: [{"path":…,"lines":…,"functions":[…],"types":[…],"imports":[…]}]
import { readFileSync } from 'node:fs';
import ts from 'typescript';

function measure({ path, source }) {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.ES2022, true);
  const line = (position) => file.getLineAndCharacterOfPosition(position).line + 1;
  const facts = { path, lines: source.trimEnd().split('\n').length, functions: [], types: [], imports: [] };

  // nameOf finds what a person would call a function or a type: its own name, or that of what it is assigned to.
  function nameOf(node) {
    for (let at = node; at !== undefined && at !== file; at = at.parent) {
      if (at.name !== undefined) return at.name.getText(file);
      if (ts.isConstructorDeclaration(at)) return 'constructor';
      if (ts.isBlock(at)) break;
    }
    return `line ${line(node.getStart(file))}`;
  }

  function visit(node) {
    if (ts.isFunctionLike(node) && node.body !== undefined) {
      const from = line(node.getStart(file));
      const parameters = node.parameters.filter(({ name }) => name.getText(file) !== 'this').length;
      facts.functions.push({ name: nameOf(node), line: from, lines: line(node.end) - from + 1, parameters });
    }
    if (ts.isInterfaceDeclaration(node) || ts.isClassLike(node) || ts.isTypeLiteralNode(node)) {
      const isField = (member) =>
        ts.isPropertyDeclaration(member) ||
        (ts.isPropertySignature(member) && (member.type === undefined || !ts.isFunctionTypeNode(member.type)));
      facts.types.push({ name: nameOf(node), line: line(node.getStart(file)), fields: node.members.filter(isField).length });
    }
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined) {
      facts.imports.push(node.moduleSpecifier.text);
    }
    ts.forEachChild(node, visit);
  }
  visit(file);
  return facts;
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(measure)));
