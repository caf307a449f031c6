#version 330 core
in vec4 segment_colour;
in float across;
uniform float width;
out vec4 fragment;

void main() {
    float alpha = segment_colour.a * clamp(width + 0.5 - abs(across), 0.0, 1.0);
    fragment = vec4(segment_colour.rgb * alpha, alpha);
}
