# node-gyp asks its headers' folder for this file. Node's own one brings the settings of Node's build; the addon wants
# none of them, and no headers but those of the package node-api-headers.
{
  'variables': { 'standalone_static_library%': 1 },
  'target_defaults': {
    'default_configuration': 'Release',
    'configurations': { 'Release': {}, 'Debug': {} },
  },
}
