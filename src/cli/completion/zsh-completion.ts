/** The completion script of zsh, to be sourced or put into a folder of fpath. Pure. */
import type { CompletedCommand, CompletedOption, CompletedProgram } from './completion-tree.js';
import type { Expected } from './completion-tree.js';

export function zshCompletion({ name, options, commands, tests }: CompletedProgram): string {
  const described = commands.map((each) => `    ${quoted(`${each.name}:${each.description}`)}`);
  return `#compdef ${name}
# Completion of ${name} for zsh, made by '${name} completion zsh'.
typeset -ga _${name}_test_names=(${tests.map(quoted).join(' ')})

_${name}_tests() { compadd -a _${name}_test_names }

_${name}() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  _arguments -C -S ${[...options.map(optionSpec), quoted('1: :->command'), quoted('*:: :->rest')].join(' ')}
  case $state in
  command)
    local -a commands=(
${described.join('\n')}
    )
    _describe -t commands command commands ;;
  rest)
    case $words[1] in
${commands.map(commandCase).join('\n')}
    esac ;;
  esac
}

if [[ \${funcstack[1]-} == _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Text between brackets or colons of a specification of _arguments. */
const plain = (text: string): string => text.replaceAll(/[\\[\]:]/g, '\\$&');

function commandCase({ name, options, argument }: CompletedCommand): string {
  const specs = options.map(optionSpec);
  if (argument.kind !== 'nothing') specs.push(quoted(`*: :${action(argument)}`));
  return `    ${name})\n      _arguments -S ${specs.join(' ')} ;;`;
}

/** Both forms of a long option: \`--out DIR\` and \`--out=DIR\`. May be given again. */
function optionSpec({ names, description, expected }: CompletedOption): string {
  const takes = expected.kind !== 'nothing';
  const specs = names.map((name) => {
    const long = takes && name.startsWith('--') ? '=' : '';
    const value = takes ? `: :${action(expected)}` : '';
    return quoted(`*${name}${long}[${plain(description)}]${value}`);
  });
  return specs.join(' ');
}

function action(expected: Expected): string {
  switch (expected.kind) {
    case 'file':
      return '_files';
    case 'test':
      return '_drover_tests';
    case 'choice':
      return `(${expected.choices.join(' ')})`;
    case 'nothing':
    case 'value':
      return ' ';
  }
}
