#version 330 core
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
uniform mat4 model_view;
uniform mat4 projection;
out vec3 eye_position;
out vec3 eye_normal;

void main() {
    vec4 eye = model_view * vec4(position, 1.0);
    eye_position = eye.xyz;
    eye_normal = mat3(model_view) * normal;
    gl_Position = projection * eye;
}
